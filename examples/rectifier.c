/* A half-wave rectifier: a source with a resistance, a diode, and a capacitor with a load. The node before
 * the diode has no capacitance, so that Kirchhoff's law there is an algebraic equation. How much each
 * component does to the output voltage after a little over two periods comes with one gradient. */
#include <odegrad.h>
#include <stdio.h>
#include <string.h>

static const char circuit[] = "param Rs = 50, R = 1e3, C = 1e-5  # ohm, ohm, farad\n"
                              "param Is = 1e-12, V = 0.025      # of the diode: ampere, volt\n"
                              "param A = 5, f = 50              # of the source: volt, hertz\n"
                              "init out = 0\n"
                              "algebraic node = 0               # a guess\n"
                              "i = Is*(exp((node - out)/V) - 1)\n"
                              "out' = (i - out/R)/C\n"
                              "0 = (A*sin(2*pi*f*t) - node)/Rs - i\n"
                              "time 0 : 0.044\n";
static const char *const names[] = {"Rs", "R", "C", "Is", "V", "A", "f"};
enum { PARAMETERS = 7, STATES = 2 };

int main(void) {
  double theta[PARAMETERS], x0[STATES], x[STATES], t0, t1;
  double theta_bar[PARAMETERS] = {0}, x_bar[STATES] = {1, 0};
  og_context *context;
  og_model *model = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  og_status status = og_model_create_from_text(context, "circuit", circuit, strlen(circuit), &model);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_real(options, OG_OPT_RTOL, 1e-8);
  if (status == OG_OK) status = og_options_set_real(options, OG_OPT_ATOL, 1e-10);
  if (status == OG_OK) status = og_solve_create(context, og_model_field(model), options, 1, &solve);
  if (status == OG_OK) status = og_model_span(model, &t0, &t1);
  if (status == OG_OK) status = og_model_initialize(model, 0, theta);
  if (status == OG_OK) status = og_model_initial_state(model, t0, theta, x0);
  if (status == OG_OK) status = og_solve_set_span(solve, 0, t0, t1);
  if (status == OG_OK) status = og_solve_set_parameters(solve, 0, theta);
  if (status == OG_OK) status = og_solve_set_initial_state(solve, 0, x0);
  if (status == OG_OK) status = og_solve_run(solve);
  if (status == OG_OK) status = og_solve_final(solve, 0, x);
  if (status == OG_OK)
    status = og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = x_bar,
                                                            .theta_bar = theta_bar});
  if (status == OG_OK) {
    printf("output %.6f V, node %.6f V\n", x[0], x[1]);
    for (int i = 0; i < PARAMETERS; i++) /* by 1 % more of each */
      printf("1 %% of %-2s  %+.4f mV\n", names[i], 10 * theta_bar[i] * theta[i]);
  } else {
    fprintf(stderr, "%s\n", og_context_message(context));
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
  return status != OG_OK;
}
