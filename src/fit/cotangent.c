/* The cotangent of a whole input slot, whichever parts of it an expression reads. */
#include "fit/term.h"

og_status og_slot_cotangent(og_graph *graph, og_node node, og_node seed, int slot, int entries,
                            og_node *bar) {
  og_node whole = og_input(graph, slot, 0, (og_shape){entries, 1});
  return og_graph_vjp(graph, 1, &node, &seed, 1, &whole, bar);
}
