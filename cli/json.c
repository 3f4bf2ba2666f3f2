/* Results as JSON. Numbers are written here, not by cJSON, which accepts a neighbouring double. */
#include "cli.h"

#include <math.h>

const char *number_text(double value, char text[NUMBER_SIZE]) {
  og_format_real(value, text);
  return text;
}

cJSON *json_number(double value) {
  char text[NUMBER_SIZE];
  return isfinite(value) ? cJSON_CreateRaw(number_text(value, text)) : cJSON_CreateNull();
}

cJSON *json_count(size_t value) {
  char text[NUMBER_SIZE];
  snprintf(text, sizeof text, "%zu", value);
  return cJSON_CreateRaw(text);
}

cJSON *json_list(const double *values, size_t count) {
  cJSON *row = cJSON_CreateArray();
  for (size_t i = 0; i < count; i++) cJSON_AddItemToArray(row, json_number(values[i]));
  return row;
}

static cJSON *json_matrix(const double *values, size_t rows, size_t columns) {
  cJSON *matrix = cJSON_CreateArray();
  for (size_t row = 0; row < rows; row++)
    cJSON_AddItemToArray(matrix, json_list(values + row * columns, columns));
  return matrix;
}

cJSON *json_array(const double *values, size_t rows, size_t columns) {
  if (rows == 1 && columns == 1) return json_number(values[0]);
  return columns == 1 ? json_list(values, rows) : json_matrix(values, rows, columns);
}

cJSON *json_parameter(const og_parameter_info *info, const double *values) {
  const double *own = values + info->offset;
  if (info->dimensions == 0) return json_number(own[0]);
  return info->dimensions == 1 ? json_list(own, info->rows) : json_matrix(own, info->rows, info->columns);
}

cJSON *json_parameters(const problem *p, const double *values) {
  cJSON *object = cJSON_CreateObject();
  for (size_t i = 0; i < og_model_parameters(p->model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    if (og_model_parameter(p->model, i, &info) != OG_OK) continue;
    cJSON_AddItemToObject(object, info.name, json_parameter(&info, values));
  }
  return object;
}

/* One entry for each trajectory when the data tells them apart, even if there is only one. */
static cJSON *json_state(const problem *p, const og_state_info *info, const double *values) {
  if (!p->has_ids) return json_array(values + info->offset, info->rows, 1);
  cJSON *all = cJSON_CreateArray();
  for (size_t m = 0; m < p->trajectories; m++)
    cJSON_AddItemToArray(all, json_array(values + m * p->n + info->offset, info->rows, 1));
  return all;
}

cJSON *json_states(const problem *p, const double *values) {
  cJSON *object = cJSON_CreateObject();
  for (size_t i = 0; i < og_model_states(p->model); i++) {
    og_state_info info = {OG_INIT(og_state_info)};
    if (og_model_state(p->model, i, &info) != OG_OK) continue;
    cJSON_AddItemToObject(object, info.name, json_state(p, &info, values));
  }
  return object;
}

cJSON *json_stats(const size_t *stats, const char *linear_solver, double seconds) {
  static const struct {
    const char *name;
    og_stat stat;
  } rows[] = {
      {"steps", OG_STAT_STEPS},
      {"rejected", OG_STAT_REJECTED},
      {"rhs_evals", OG_STAT_RHS_EVALS},
      {"vjp_evals", OG_STAT_VJP_EVALS},
      {"checkpoint_bytes", OG_STAT_CHECKPOINT_BYTES},
      {"recomputed_steps", OG_STAT_RECOMPUTED_STEPS},
      {"refinements", OG_STAT_REFINEMENTS},
      {"implicit_steps", OG_STAT_IMPLICIT_STEPS},
      {"jacobians", OG_STAT_JACOBIANS},
      {"factorisations", OG_STAT_FACTORISATIONS},
      {"linear_solves", OG_STAT_LINEAR_SOLVES},
      {"newton_iterations", OG_STAT_NEWTON_ITERATIONS},
      {"krylov_iterations", OG_STAT_KRYLOV_ITERATIONS},
  };
  cJSON *object = cJSON_CreateObject();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cJSON_AddItemToObject(object, rows[i].name, json_count(stats[rows[i].stat]));
  cJSON_AddItemToObject(object, "linear_solver",
                        linear_solver ? cJSON_CreateString(linear_solver) : cJSON_CreateNull());
  cJSON_AddItemToObject(object, "seconds", json_number(seconds));
  return object;
}

int print_json(cJSON *object) {
  char *text = cJSON_Print(object);
  cJSON_Delete(object);
  put_text(text, stdout);
  putchar('\n');
  cJSON_free(text);
  return EXIT_DONE;
}

int write_json(const problem *p, cJSON *object, const char *path) {
  char *text = cJSON_Print(object);
  cJSON_Delete(object);
  output o;
  int status = open_output(p->context, path, &o);
  if (!status) {
    fprintf(o.file, "%s\n", text);
    status = close_output(&o);
  }
  cJSON_free(text);
  return status;
}
