/* Named columns beside the times of a solution: as a table, as CSV, as JSON. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

columns new_columns(const problem *p, const solution *s, size_t count) {
  columns c = {.p = p, .s = s, .count = count};
  c.names = take(count, sizeof *c.names);
  c.values = take(s->starts[s->trajectories] * count, sizeof *c.values);
  return c;
}

void free_columns(columns *c) {
  for (size_t i = 0; i < c->count; i++) free(c->names[i]);
  free(c->names);
  free(c->values);
  *c = (columns){0};
}

void print_columns(const columns *c) {
  const problem *p = c->p;
  size_t ids = p->has_ids ? 1 : 0;
  text_table table = new_table(ids + 1 + c->count);
  if (ids) add_cell(&table, "id");
  add_cell(&table, "t");
  for (size_t i = 0; i < c->count; i++) add_cell(&table, "%s", c->names[i]);
  for (size_t m = 0; m < p->trajectories; m++)
    for (size_t row = c->s->starts[m]; row < c->s->starts[m + 1]; row++) {
      if (ids) add_cell(&table, "%s", og_table_group_name(p->data, m));
      add_cell(&table, "%.8g", c->s->t[row]);
      for (size_t i = 0; i < c->count; i++) add_cell(&table, "%.8g", c->values[row * c->count + i]);
    }
  print_table(&table, ids);
}

/* ---- As a table that comes in parts ---- */

/* The longest number of %.8g is -1.2345678e-300; columns are as wide, or as their names. */
enum { NUMBER_WIDTH = 15 };

static int width_of_column(const columns *c, size_t i) {
  size_t length = strlen(c->names[i]);
  return length > NUMBER_WIDTH ? (int)length : NUMBER_WIDTH;
}

/* Ids are on the left, in the room that the widest of them takes. */
static size_t width_of_ids(const problem *p) {
  size_t widest = width_of("id");
  for (size_t m = 0; m < p->trajectories; m++) {
    char *shown = one_line(join("%s", og_table_group_name(p->data, m)));
    if (width_of(shown) > widest) widest = width_of(shown);
    free(shown);
  }
  return widest;
}

static void print_id(const char *id, size_t width) {
  char *shown = one_line(join("%s", id));
  printf("%s%*s", shown, (int)(width - width_of(shown) + 2), "");
  free(shown);
}

void print_columns_part(const columns *c, int names) {
  const problem *p = c->p;
  size_t width = p->has_ids ? width_of_ids(p) : 0;
  if (names && p->has_ids) print_id("id", width);
  if (names) printf("%*s", NUMBER_WIDTH, "t");
  for (size_t i = 0; i < c->count && names; i++) printf("  %*s", width_of_column(c, i), c->names[i]);
  if (names) putchar('\n');
  for (size_t m = 0; m < p->trajectories; m++)
    for (size_t row = c->s->starts[m]; row < c->s->starts[m + 1]; row++) {
      if (p->has_ids) print_id(og_table_group_name(p->data, m), width);
      printf("%*.8g", NUMBER_WIDTH, c->s->t[row]);
      for (size_t i = 0; i < c->count; i++)
        printf("  %*.8g", width_of_column(c, i), c->values[row * c->count + i]);
      putchar('\n');
    }
}

/* ---- CSV ---- */

static void write_text(FILE *file, const char *text) {
  char *shown = shown_in(file, text);
  og_csv_put_text(file, shown ? shown : text);
  free(shown);
}

static void write_row(const columns *c, size_t m, size_t row, FILE *file) {
  char text[NUMBER_SIZE];
  if (c->p->has_ids) {
    write_text(file, og_table_group_name(c->p->data, m));
    fputc(',', file);
  }
  fputs(number_text(c->s->t[row], text), file);
  for (size_t i = 0; i < c->count; i++) {
    double value = c->values[row * c->count + i];
    fprintf(file, ",%s", isfinite(value) ? number_text(value, text) : "NA");
  }
  fputc('\n', file);
}

static void write_names(const columns *c, FILE *file) {
  fputs(c->p->has_ids ? "id,t" : "t", file);
  for (size_t i = 0; i < c->count; i++) {
    fputc(',', file);
    write_text(file, c->names[i]);
  }
  fputc('\n', file);
}

void write_columns_part(const columns *c, int names, FILE *file) {
  if (names) write_names(c, file);
  for (size_t m = 0; m < c->p->trajectories; m++)
    for (size_t row = c->s->starts[m]; row < c->s->starts[m + 1]; row++) write_row(c, m, row, file);
}

int write_columns(const columns *c, const char *path) {
  output o;
  int status = open_output(c->p->context, path, &o);
  if (status) return status;
  write_columns_part(c, 1, o.file);
  return close_output(&o);
}

/* ---- JSON ---- */

cJSON *columns_json(const columns *c, size_t first, size_t count, size_t m) {
  cJSON *object = cJSON_CreateObject();
  for (size_t i = first; i < first + count; i++) {
    cJSON *series = cJSON_AddArrayToObject(object, c->names[i]);
    for (size_t row = c->s->starts[m]; row < c->s->starts[m + 1]; row++)
      cJSON_AddItemToArray(series, json_number(c->values[row * c->count + i]));
  }
  return object;
}

cJSON *trajectories_json(const problem *p, const solution *s, add_trajectory_fn add, const void *what) {
  cJSON *object = cJSON_CreateObject();
  cJSON *all = p->has_ids ? cJSON_AddArrayToObject(object, "trajectories") : NULL;
  for (size_t m = 0; m < p->trajectories; m++) {
    cJSON *one = all ? cJSON_CreateObject() : object;
    if (all) cJSON_AddStringToObject(one, "id", og_table_group_name(p->data, m));
    cJSON_AddItemToObject(one, "t", json_list(s->t + s->starts[m], s->starts[m + 1] - s->starts[m]));
    add(what, m, one);
    if (all) cJSON_AddItemToArray(all, one);
  }
  return object;
}
