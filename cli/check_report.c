/* The report of odegrad check, as tables and as JSON. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

/* ---- Components ---- */

static const char *kind_of(const check *c, size_t i) {
  return i < c->p->p ? "parameter" : i < c->count - 2 ? "init" : "time";
}

static char *component_name(const check *c, size_t i) {
  const problem *p = c->p;
  if (i < p->p) return parameter_name(p, i);
  if (i >= c->count - 2) return join("%s", i == c->count - 2 ? "t0" : "t1");
  size_t m = (i - p->p) / p->n;
  char *name = state_name(p, (i - p->p) % p->n), *suffix = id_suffix(p, m),
       *whole = join("%s(t0)%s", name, suffix);
  free(name), free(suffix);
  return whole;
}

static row_list rows_of(const check *c) {
  row_list list = {0};
  add_parameter_rows(c->p, &list);
  add_initial_rows(c->p, c->p->p, &list);
  append_entry(&list, join("t0"), c->count - 2);
  append_entry(&list, join("t1"), c->count - 1);
  return list;
}

/* ---- Tables ---- */

static const char *verdict_word(const check *c, way which) {
  const column *to = &c->columns[which];
  if (which == c->reference) return "the reference";
  if (to->unsupported) return "not available";
  return to->failure ? "failed" : !to->judged ? "not judged" : to->agrees ? "agrees" : "DISAGREES";
}

static double relative_difference(double a, double b) {
  if (isnan(a) || isnan(b)) return NAN;
  double size = fmax(fabs(a), fabs(b));
  return size > 0 ? fabs(a - b) / size : 0;
}

/* A row for each component or array of them, a column for each way but `left_out`: what `number` makes of the
 * way's values, which is NaN where they are not known. */
static void print_components(const check *c, const row_list *list, way left_out, const char *title,
                             const char *format,
                             double (*number)(const row *r, const double *values, const double *reference)) {
  text_table table = new_table(1 + WAY_COUNT - (left_out != WAY_COUNT));
  const double *reference = c->columns[shown_way(c)].values;
  add_cell(&table, "%s", title);
  for (way w = 0; w < WAY_COUNT; w++)
    if (w != left_out) add_cell(&table, "%s", way_name(w));
  for (size_t i = 0; i < list->count; i++) {
    add_cell(&table, "%s", list->rows[i].name);
    for (way w = 0; w < WAY_COUNT; w++) {
      const column *from = &c->columns[w];
      if (w == left_out) continue;
      double value = from->failure ? NAN : number(&list->rows[i], from->values, reference);
      if (isnan(value))
        add_cell(&table, from->failure && !from->unsupported ? "failed" : "-");
      else
        add_cell(&table, format, value);
    }
  }
  print_table(&table, 1);
}

/* The number of a row: a component, or the norm of an array. */
static double size_of(const row *r, const double *values, const double *reference) {
  (void)reference;
  return r->count == 1 ? values[r->first] : row_norm(r, values);
}

/* The difference of a row: of an array the largest one, relative to its largest entry. Entries that are not
 * known are passed over. */
static double difference_of(const row *r, const double *values, const double *reference) {
  if (r->count == 1)
    return isnan(values[r->first]) ? NAN : relative_difference(values[r->first], reference[r->first]);
  double worst = NAN, largest = fabs(row_largest(r, reference));
  for (size_t k = 0; k < r->count; k++) {
    size_t i = row_entry(r, k);
    worst = fmax(worst, fabs(values[i] - reference[i]));
  }
  return largest > 0 ? worst / largest : worst;
}

static void print_ways(const check *c) {
  text_table table = new_table(5);
  add_cell(&table, "method"), add_cell(&table, "verdict"), add_cell(&table, "largest difference");
  add_cell(&table, "kept"), add_cell(&table, "time");
  for (way w = 0; w < WAY_COUNT; w++) {
    const column *to = &c->columns[w];
    add_cell(&table, "%s", way_name(w)), add_cell(&table, "%s", verdict_word(c, w));
    if (w == c->reference || c->reference == WAY_COUNT || to->failure)
      add_cell(&table, "-");
    else
      add_cell(&table, "%.1e", to->worst);
    add_cell(&table, "%lld bytes", to->kept), add_cell(&table, "%.2g s", to->seconds);
  }
  print_table(&table, 2);
}

static const char *conclusion(const check *c) {
  if (all_agree(c)) return "the gradients agree";
  if (c->reference == WAY_COUNT) return "nothing could be judged";
  if (c->reference != WAY_DISCRETE && !c->columns[WAY_DISCRETE].failure)
    return "the gradients DISAGREE, and that of discrete is not to be trusted";
  for (way w = 0; w < WAY_COUNT; w++)
    if (c->columns[w].judged && !c->columns[w].agrees) return "the gradients DISAGREE";
  return "the gradients that could be computed agree, but others FAILED";
}

static void print_all_components(const check *c) {
  row_list list = rows_of(c);
  char *title = join("relative to %s", way_name(shown_way(c)));
  print_components(c, &list, WAY_COUNT, has_whole_rows(&list) ? "component, norm of array" : "component",
                   "%.8g", size_of);
  putchar('\n');
  print_components(c, &list, shown_way(c), title, "%.1e", difference_of);
  putchar('\n');
  if (has_whole_rows(&list))
    explain_arrays(c->sample ? "the entries that differences vary" : "every entry"), putchar('\n');
  free_rows(&list), free(title);
}

/* Names what confirms the reference: "backsolve, quadrature and its finer run". */
static char *confirming(const check *c) {
  char *list = join("%s", ""), *longer;
  int left = c->confirmed_by_itself;
  for (way w = 0; w < WAY_COUNT; w++) left += c->confirmed_by[w];
  for (way w = 0; w <= WAY_COUNT; w++) {
    if (w < WAY_COUNT ? !c->confirmed_by[w] : !c->confirmed_by_itself) continue;
    left--;
    longer = join("%s%s%s", list, *list ? left ? ", " : " and " : "",
                  w < WAY_COUNT ? way_name(w) : "its finer run");
    free(list), list = longer;
  }
  return list;
}

/* Prints which way is the reference and what confirms it, unless it is discrete and another way does. */
static void print_evidence(const check *c) {
  char *list = confirming(c);
  int ways_confirm = 0;
  for (way w = 0; w < WAY_COUNT; w++) ways_confirm += c->confirmed_by[w];
  if (c->reference == WAY_COUNT)
    printf("there is no reference: no gradient is confirmed by another one with other steps, or by its own "
           "finer "
           "run; take tighter tolerances or more steps, or another method\n");
  else if (c->reference != WAY_DISCRETE || !ways_confirm)
    printf("%s is the reference, because %s confirm%s it\n", way_name(c->reference), list,
           ways_confirm + c->confirmed_by_itself == 1 ? "s" : "");
  if (c->below)
    printf("derivatives that are lost in the errors of the loss are not compared by their own size\n");
  free(list);
}

void print_check(const check *c) {
  print_loss("loss  ", c->loss, og_objective_values(c->objective));
  putchar('\n');
  print_all_components(c);
  print_ways(c);
  putchar('\n');
  if (c->sample)
    printf("differences vary %zu of the %zu parameters, drawn by --seed\n", c->sample_count, c->p->p);
  print_evidence(c);
  for (way w = 0; w < WAY_COUNT; w++) {
    const column *to = &c->columns[w];
    if (to->failure)
      printf("%s %s: %s\n", way_name(w), to->unsupported ? "is not available" : "failed", to->failure);
    else if (to->reason && w != c->reference)
      printf("%s %s: %s\n", way_name(w), to->judged ? "disagrees" : "is not judged", to->reason);
  }
  printf("verdict: %s\n", conclusion(c));
}

/* ---- JSON ---- */

static cJSON *component_json(const check *c, size_t i) {
  cJSON *object = cJSON_CreateObject();
  char *name = component_name(c, i);
  cJSON_AddStringToObject(object, "name", name);
  free(name);
  cJSON_AddStringToObject(object, "kind", kind_of(c, i));
  for (way w = 0; w < WAY_COUNT; w++)
    cJSON_AddItemToObject(object, way_name(w),
                          c->columns[w].failure ? cJSON_CreateNull() : json_number(c->columns[w].values[i]));
  cJSON *allowed = cJSON_AddObjectToObject(object, "allowed");
  for (way w = 0; w < WAY_COUNT; w++)
    if (w != shown_way(c))
      cJSON_AddItemToObject(allowed, way_name(w),
                            c->columns[w].judged ? json_number(c->columns[w].allowed[i])
                                                 : cJSON_CreateNull());
  return object;
}

static cJSON *way_json(const check *c, way w) {
  const column *from = &c->columns[w];
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "verdict", verdict_word(c, w));
  if (from->failure)
    cJSON_AddStringToObject(object, "reason", from->failure);
  else if (from->reason && w != c->reference)
    cJSON_AddStringToObject(object, "reason", from->reason);
  if (w != c->reference && c->reference != WAY_COUNT && !from->failure)
    cJSON_AddItemToObject(object, "largest_difference", json_number(from->worst));
  cJSON_AddItemToObject(object, "checkpoint_bytes", json_count(from->kept));
  cJSON_AddItemToObject(object, "seconds", json_number(from->seconds));
  return object;
}

static cJSON *evidence_json(const check *c) {
  cJSON *list = cJSON_CreateArray();
  for (way w = 0; w < WAY_COUNT; w++)
    if (c->confirmed_by[w]) cJSON_AddItemToArray(list, cJSON_CreateString(way_name(w)));
  if (c->confirmed_by_itself) cJSON_AddItemToArray(list, cJSON_CreateString("its finer run"));
  return list;
}

cJSON *check_json(const check *c) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "loss", json_number(c->loss));
  cJSON_AddStringToObject(object, "loss_is", "sum");
  cJSON_AddItemToObject(object, "values", json_count(og_objective_values(c->objective)));
  cJSON *components = cJSON_AddArrayToObject(object, "components");
  for (size_t i = 0; i < c->count; i++)
    if (i >= c->p->p || is_sampled(c, i)) cJSON_AddItemToArray(components, component_json(c, i));
  if (c->sample) cJSON_AddItemToObject(object, "sampled_parameters", json_count(c->sample_count));
  cJSON *ways = cJSON_AddObjectToObject(object, "methods");
  for (way w = 0; w < WAY_COUNT; w++) cJSON_AddItemToObject(ways, way_name(w), way_json(c, w));
  cJSON_AddItemToObject(object, "reference",
                        c->reference == WAY_COUNT ? cJSON_CreateNull()
                                                  : cJSON_CreateString(way_name(c->reference)));
  cJSON_AddItemToObject(object, "confirmed_by", evidence_json(c));
  cJSON_AddBoolToObject(object, "agree", all_agree(c));
  return object;
}
