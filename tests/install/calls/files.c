/* Files of parameters, outputs and pictures. */
#include "calls.h"

static int call_parameters(og_context *context) {
  static const char text[] = "param k = 0.3\ninit x = 1\nx' = -k*x\ntime 0 : 1\n";
  og_model *model = NULL, *saved = NULL;
  double theta = 0.7, read = 0;
  MUST(context, og_model_create_from_text(context, "decay", text, strlen(text), &model));
  MUST(context, og_parameters_write(model, &theta, "calls_theta.safetensors"));
  MUST(context, og_parameters_read(model, "calls_theta.safetensors", &read));
  SEE(read == theta);
  MUST(context, og_model_create_from_file(context, "calls_theta.safetensors", &saved));
  SEE(og_model_saved(saved));
  og_model_destroy(saved);
  og_model_destroy(model);
  return 0;
}

static int call_output(og_context *context) {
  og_output *output = NULL;
  int replaces = 0;
  char line[16] = "";
  MUST(context, og_output_check(context, "calls.txt", NULL));
  MUST(context, og_output_open(context, "calls.txt", &output));
  SEE(fputs("words\n", og_output_file(output)) >= 0);
  MUST(context, og_output_close(output, OG_OK));
  MUST(context, og_output_check(context, "calls.txt", &replaces));
  FILE *file = fopen("calls.txt", "r");
  SEE(file && fgets(line, sizeof line, file) && strcmp(line, "words\n") == 0 && fclose(file) == 0 &&
      replaces);
  return 0;
}

/* Without cairo there are no pictures but those of SVG. */
static int call_plot(og_context *context) {
  const double x[3] = {1, 2, 3}, y[3] = {1, 10, 100}, cells[4] = {1, 0, 0, 1};
  og_plot *plot = NULL;
  MUST(context, og_plot_create(context, "title", "x", "y", &plot));
  MUST(context, og_plot_line(plot, "line", 3, x, y));
  MUST(context, og_plot_points(plot, "points", 3, x, y));
  MUST(context, og_plot_marked(plot, "marked", 3, x, y));
  MUST(context, og_plot_guide(plot, "guide", 3, x, y));
  MUST(context, og_plot_signs(plot, "best", OG_MARKER_DIAMOND, 1, x, y));
  MUST(context, og_plot_band(plot, "band", 1, 2));
  MUST(context, og_plot_set_size(plot, 400, 300));
  MUST(context, og_plot_set_log(plot, 0, 1));
  MUST(context, og_plot_panel(plot, "panel", "class", "true class"));
  MUST(context, og_plot_cells(plot, 2, 2, cells));
  MUST(context, og_plot_classes(plot, 2));
  og_status written = og_plot_write(plot, "calls.svg");
  SEE(written == OG_OK || written == OG_ERR_UNSUPPORTED);
  og_plot_destroy(plot);
  return 0;
}

static int call_texts(void) {
  static const char *const names[] = {"alpha", "beta"};
  char number[OG_NUMBER_SIZE], line[32] = "";
  double before = og_seconds();
  FILE *file = fopen("calls.csv", "w+");
  og_format_real(0.1, number);
  SEE(strcmp(number, "0.1") == 0 && strcmp(og_nearest("betta", names, 2), "beta") == 0);
  SEE(file != NULL);
  og_csv_put_text(file, "a,b");
  rewind(file);
  SEE(fgets(line, sizeof line, file) && strcmp(line, "\"a,b\"") == 0 && fclose(file) == 0);
  SEE(og_seconds() >= before);
  return 0;
}

int call_files(og_context *context) {
  return call_parameters(context) || call_output(context) || call_plot(context) || call_texts();
}
