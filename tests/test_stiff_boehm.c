/* A published stiff fit: STAT5 dimers after erythropoietin (Boehm et al., J. Proteome Res. 13 (2014)
 * 5685-5694, doi 10.1021/pr5006923): 8 states, rates in powers of ten up to 1e5. The equations are here; the
 * data and the published parameters are not ours to give: they are read from the folder of PEtab problems
 * that ODEGRAD_PETAB names, and the test is skipped without it. The log likelihood at those parameters is
 * -138.221997745, by integrations of others at tolerances of 1e-10 and below; default options are to find it
 * within 1e-5. */
#include "models.h"

enum { ESTIMATED = 9, LINE = 512 };

/* The order of the parameters, all as log10. */
static const char *const names[ESTIMATED] = {"Epo_degradation_BaF3", "k_exp_hetero",   "k_exp_homo",
                                             "k_imp_hetero",         "k_imp_homo",     "k_phos",
                                             "sd_pSTAT5A_rel",       "sd_pSTAT5B_rel", "sd_rSTAT5A_rel"};

static const char EQUATIONS[] =
    "const ratio = 0.693, specC17 = 0.107, cyt = 1.4, nuc = 0.45\n"
    "init STAT5A = 207.6*ratio, STAT5B = 207.6*(1 - ratio)\n"
    "init pApA = 0, pApB = 0, pBpB = 0, nucpApA = 0, nucpApB = 0, nucpBpB = 0\n"
    "phos = 1.25e-7*exp(-Epo_degradation_BaF3*t)*k_phos\n"
    "AA = phos*STAT5A^2\n"
    "AB = phos*STAT5A*STAT5B\n"
    "BB = phos*STAT5B^2\n"
    "STAT5A' = -2*AA - AB + nuc/cyt*(2*k_exp_homo*nucpApA + k_exp_hetero*nucpApB)\n"
    "STAT5B' = -2*BB - AB + nuc/cyt*(2*k_exp_homo*nucpBpB + k_exp_hetero*nucpApB)\n"
    "pApA' = AA - k_imp_homo*pApA\n"
    "pApB' = AB - k_imp_hetero*pApB\n"
    "pBpB' = BB - k_imp_homo*pBpB\n"
    "nucpApA' = cyt/nuc*k_imp_homo*pApA - k_exp_homo*nucpApA\n"
    "nucpApB' = cyt/nuc*k_imp_hetero*pApB - k_exp_hetero*nucpApB\n"
    "nucpBpB' = cyt/nuc*k_imp_homo*pBpB - k_exp_homo*nucpBpB\n"
    "A = specC17*(STAT5A + 2*pApA)\n"
    "B = (1 - specC17)*(STAT5B + 2*pBpB)\n"
    "observe pSTAT5A_rel ~ normal(100*(pApB + 2*pApA*specC17)/(pApB + A), sd_pSTAT5A_rel)\n"
    "observe pSTAT5B_rel ~ normal(100*(pApB + 2*pBpB*(1 - specC17))/(pApB + B), sd_pSTAT5B_rel)\n"
    "observe rSTAT5A_rel ~ normal(100*(pApB + A)/(2*pApB + A + B), sd_rSTAT5A_rel)\n";

static FILE *open_part(const char *part) {
  const char *folder = getenv("ODEGRAD_PETAB");
  char path[1024];
  if (!folder) return NULL;
  snprintf(path, sizeof path, "%s/Boehm_JProteomeRes2014/%s_Boehm_JProteomeRes2014.tsv", folder, part);
  return fopen(path, "r");
}

/* Word `index` of a line of words between tabs, of which some are empty. */
static void word_of(const char *line, int index, char word[LINE]) {
  while (index-- > 0) line = strchr(line, '\t') + 1;
  snprintf(word, LINE, "%.*s", (int)strcspn(line, "\t\n"), line);
}

/* `param log10_k = ...` and `k = 10^log10_k` of each. */
static void read_parameters(FILE *file, char *text, size_t room) {
  char line[LINE], name[LINE], value[LINE];
  size_t length = 0, found = 0;
  while (fgets(line, sizeof line, file)) {
    word_of(line, 0, name);
    for (int i = 0; i < ESTIMATED; i++) {
      if (strcmp(name, names[i]) != 0) continue;
      word_of(line, 5, value);
      length += (size_t)snprintf(text + length, room - length, "param log10_%s = %.17g\n%s = 10^log10_%s\n",
                                 name, log10(strtod(value, NULL)), name, name);
      found++;
    }
  }
  assert_int_equal(found, ESTIMATED);
  snprintf(text + length, room - length, "%s", EQUATIONS);
}

/* Rows as they stand in the file, each with one of the three. */
static void read_data(FILE *file, char *text, size_t room) {
  static const char *const observed[] = {"pSTAT5A_rel", "pSTAT5B_rel", "rSTAT5A_rel"};
  char line[LINE], name[LINE], value[LINE], time[LINE];
  struct {
    double t;
    char value[3][LINE];
  } rows[64];
  size_t count = 0, length;
  while (fgets(line, sizeof line, file)) {
    word_of(line, 0, name), word_of(line, 3, value), word_of(line, 4, time);
    for (int k = 0; k < 3; k++) {
      if (strcmp(name, observed[k]) != 0) continue;
      size_t row = 0;
      while (row < count && rows[row].t != strtod(time, NULL)) row++;
      if (row == count) memset(&rows[count++], 0, sizeof rows[0]);
      rows[row].t = strtod(time, NULL);
      snprintf(rows[row].value[k], LINE, "%s", value);
    }
  }
  length = (size_t)snprintf(text, room, "t,pSTAT5A_rel,pSTAT5B_rel,rSTAT5A_rel\n");
  for (size_t i = 0; i < count; i++)
    length += (size_t)snprintf(text + length, room - length, "%.17g,%s,%s,%s\n", rows[i].t, rows[i].value[0],
                               rows[i].value[1], rows[i].value[2]);
}

static void likelihood(void **state) {
  (void)state;
  static char text[8192], csv[8192];
  FILE *parameters = open_part("parameters"), *data = open_part("measurementData");
  if (!parameters || !data) skip();
  read_parameters(parameters, text, sizeof text);
  read_data(data, csv, sizeof csv);
  fclose(parameters), fclose(data);
  og_context *context = new_context();
  og_model *model = parse(context, text);
  og_table *rows = table(context, csv);
  og_objective *objective = NULL;
  double theta[ESTIMATED], loss, gradient[ESTIMATED], differences[ESTIMATED], errors[ESTIMATED];
  CHECK(context, og_objective_create(context, model, rows, NULL, &objective));
  assert_int_equal(og_objective_values(objective), 48);
  CHECK(context, og_model_values(model, theta));
  CHECK(context, og_objective_evaluate(objective, theta, &loss, gradient));
  if (!(fabs(loss - 138.221997745) <= 1e-5)) fail_msg("the negative log likelihood is %.12g", loss);
  assert_true(og_objective_stat(objective, OG_STAT_IMPLICIT_STEPS) > 0);
  CHECK(context, og_objective_differences(objective, theta, differences, errors));
  for (int i = 0; i < ESTIMATED; i++) /* what the differences know of themselves; and the tolerance of 1e-6 */
    if (!(fabs(gradient[i] - differences[i]) <= 10 * errors[i] + 1e-4))
      fail_msg("%s: %.12g, by differences %.12g +- %.1e", names[i], gradient[i], differences[i], errors[i]);
  og_objective_destroy(objective);
  og_table_destroy(rows);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(likelihood)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
