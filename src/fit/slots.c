/* Derivatives with respect to whole input slots, whichever parts of them an expression reads. */
#include "fit/loss_program.h"

og_status og_tangent_node(const og_model_parts *parts, og_node node, og_node *dot) {
  og_graph *graph = parts->graph;
  static const int slot[] = {OG_SLOT_STATE, OG_SLOT_PARAMETER};
  static const int dot_slot[] = {OG_SLOT_STATE_DOT, OG_SLOT_PARAMETER_DOT};
  int rows[] = {(int)parts->states, (int)parts->parameters}, count = parts->parameters ? 2 : 1;
  og_node wholes[2], dots[2];
  for (int i = 0; i < count; i++) {
    wholes[i] = og_input(graph, slot[i], 0, (og_shape){rows[i], 1});
    dots[i] = og_input(graph, dot_slot[i], 0, (og_shape){rows[i], 1});
  }
  return og_graph_jvp(graph, 1, &node, count, wholes, dots, dot);
}
