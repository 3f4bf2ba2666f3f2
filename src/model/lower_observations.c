/* Observations: which columns of the data they speak of, and what these add to the loss. */
#include <stdio.h>
#include <string.h>

#include "model/lower.h"

og_node og_spread(og_graph *g, og_node node, og_shape shape) {
  return og_shape_size(og_graph_shape(g, node)) == og_shape_size(shape) ? node : og_broadcast(g, node, shape);
}

typedef struct observations {
  og_node *locations; /* a vector each */
  og_node *densities;
  size_t count, columns;
  int *rows;
} observations;

static int name_columns(og_lowering *l, const og_statement *s, int rows, size_t from) {
  for (int i = 0; i < rows; i++) {
    size_t room = s->name.length + 16;
    char *name = og_alloc(l->source->context, room, 1);
    if (!name) return l->source->no_memory = 1, 0;
    l->observed[from + (size_t)i] = name;
    l->parts.observed = from + (size_t)i + 1;
    if (rows == 1)
      snprintf(name, room, "%.*s", (int)s->name.length, l->source->text + s->name.at);
    else
      snprintf(name, room, "%.*s[%d]", (int)s->name.length, l->source->text + s->name.at, i + 1);
    for (size_t k = 0; k < from; k++)
      if (strcmp(l->observed[k], name) == 0) {
        og_error_at(l->source, s->name, "column '%s' is observed twice", name);
        return 0;
      }
  }
  return 1;
}

static int grow_names(og_lowering *l, size_t count) {
  char **more = og_resize(l->source->context, l->observed, l->parts.observed, count, sizeof *more);
  if (!more) return l->source->no_memory = 1, 0;
  l->observed = more;
  l->distributions = og_alloc(l->source->context, count, sizeof *l->distributions);
  if (!l->distributions) return l->source->no_memory = 1, 0;
  l->parts.distributions = l->distributions;
  return 1;
}

og_observed og_observed_entry(og_graph *g, const og_observed *whole, int i) {
  og_observed one = *whole;
  for (int k = 0; k < whole->distribution->arguments; k++)
    if (og_shape_size(og_graph_shape(g, whole->argument[k])) > 1 &&
        whole->distribution->support != OG_SUPPORT_CLASS)
      one.argument[k] = og_slice(g, whole->argument[k], i, 1);
  return one;
}

og_node og_observation_term(og_graph *g, og_node present, og_node density, og_node *location) {
  og_shape shape = og_graph_shape(g, present);
  *location = og_spread(g, *location, shape);
  return og_sum(g, og_where(g, present, og_spread(g, density, shape), og_constant(g, 0)));
}

/* The K values come first, then the K flags, so K must be known: a first pass counts. */
static og_node observation_term(og_lowering *l, const og_statement *s, int rows, size_t from, size_t columns,
                                og_node *location) {
  og_shape shape = {rows, 1};
  og_node y = og_input(l->graph, OG_SLOT_DATA, (int)from, shape);
  og_node present = og_input(l->graph, OG_SLOT_DATA, (int)(columns + from), shape);
  og_observed observed;
  og_node density = og_lower_density(l, s->value, y, location, &observed);
  if (density == OG_NODE_NONE) return density;
  for (int i = 0; i < rows; i++)
    l->distributions[from + (size_t)i] = og_observed_entry(l->graph, &observed, i);
  return og_observation_term(l->graph, present, density, location);
}

void og_lower_observations(og_lowering *l) {
  og_syntax *syntax = l->syntax;
  size_t columns = 0, statements = 0, from = 0, done = 0;
  int *rows = og_alloc(l->source->context, syntax->count + 1, sizeof *rows);
  og_node *locations = og_alloc(l->source->context, syntax->count + 1, sizeof *locations);
  if (!rows || !locations) l->source->no_memory = 1;
  for (size_t i = 0; i < syntax->count && rows && locations; i++) {
    if (syntax->statements[i].kind != OG_ST_OBSERVE) continue;
    rows[i] = og_density_rows(l, syntax->statements[i].value);
    columns += (size_t)rows[i];
    statements++;
  }
  og_node loss = OG_NODE_NONE;
  int good = statements > 0 && rows && locations && grow_names(l, columns + 1);
  for (size_t i = 0; good && i < syntax->count; i++) {
    const og_statement *s = &syntax->statements[i];
    if (s->kind != OG_ST_OBSERVE || rows[i] == 0) continue;
    if (!name_columns(l, s, rows[i], from)) {
      from = l->parts.observed;
      continue;
    }
    og_node term = observation_term(l, s, rows[i], from, columns, &locations[done++]);
    from += (size_t)rows[i];
    if (term != OG_NODE_NONE) loss = loss == OG_NODE_NONE ? term : og_apply2(l->graph, OG_ADD, loss, term);
  }
  if (good && !l->source->errors) {
    l->parts.observation_loss = loss;
    l->parts.locations = og_concat(l->graph, locations, (int)done);
  }
  og_free(l->source->context, rows);
  og_free(l->source->context, locations);
}

/* Which column of the data is the value of each state. */
void og_find_state_columns(og_lowering *l) {
  l->state_columns = og_alloc(l->source->context, l->states, sizeof *l->state_columns);
  if (!l->state_columns) {
    l->source->no_memory = 1;
    return;
  }
  l->parts.state_columns = l->state_columns;
  for (size_t j = 0; j < l->states; j++) l->state_columns[j] = OG_NO_COLUMN;
  for (size_t k = l->parts.observed; k-- > 0;) {
    int state = og_graph_entry_of_slot(l->graph, l->parts.locations, (int)k, OG_SLOT_STATE);
    if (state >= 0) l->state_columns[state] = k;
  }
}
