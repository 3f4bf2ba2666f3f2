/* Rosenbrock methods: their coefficients, and they as steppers. */
#include "step/rosenbrock.h"

/* clang-format off */
static const og_rosenbrock_tableau tableaus[] = {
  {
    .name = "rodas5p",
    .description = "Rosenbrock 5(4), 8 stages, stiffly accurate; Rodas5P",
    .source = "Steinebach, BIT Numer. Math. 63 (2023), 27, with the coefficients of its implementation by the author",
    .order = 5, .embedded_order = 4, .interpolant_order = 4,
    .stages = 8, .interpolant_degree = 4,
    .gamma = 0.21193756319429014,
    .alpha = {0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1, 1, 1},
    .d = {0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0, 0, 0},
    .a = {
      [1] = {3},
      [2] = {2.849394379747939, 0.45842242204463923},
      [3] = {-6.954028509809101, 2.489845061869568, -10.358996098473584},
      [4] = {2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641},
      [5] = {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946},
      [6] = {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1},
      [7] = {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1, 1},
    },
    .c = {
      [1] = {-14.155112264123755},
      [2] = {-17.97296035885952, -2.859693295451294},
      [3] = {147.12150275711716, -1.41221402718213, 71.68940251302358},
      [4] = {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
      [5] = {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471},
      [6] = {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623, -28.087943162872662},
      [7] = {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002, -54.66780262877968, -9.48861652309627},
    },
    .m = {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1, 1, 1},
    .e = {0, 0, 0, 0, 0, 0, 0, 1},
    .interpolant = {
      [0] = {18.445940457357737, -35.864475363615568, 21.335592082873972, -11.419903575922262},
      [1] = {0.0038736602192955, 1.5889780251731081, 3.8569589740252148, -2.8879645146136994},
      [2] = {-1.193724251372219, -7.3900116805910337, 69.8775762356624447, -72.92137995996029},
      [3] = {-2.55061277886794296, -22.1272994639472756, 104.620342912442226, -80.12511834622643},
      [4] = {0.555146713329450946, 19.651189793387971, -72.249009700861698, 52.072871366152654},
      [5] = {2.1241088310450404, 14.8565547832014696, -75.77059986691380, 59.78993625266729},
      [6] = {1.4272876194431874, -7.2163279228630614, 6.63321346059235487, 0.15582684282751913},
      [7] = {0.82797778929844507, -6.53821385922181707, 11.593323255637094, -4.883087185713722},
    },
  },
};
/* clang-format on */

const og_rosenbrock_tableau *og_rosenbrock_tableau_of(og_method method) {
  return method == OG_METHOD_RODAS5P ? &tableaus[0] : NULL;
}

og_increment_rows og_rosenbrock_rows(const og_rosenbrock_tableau *tableau) {
  return (og_increment_rows){.stages = tableau->stages,
                             .degree = tableau->interpolant_degree,
                             .stride = OG_ROSENBROCK_DEGREE,
                             .interpolant = tableau->interpolant[0],
                             .b = tableau->m,
                             .e = tableau->e};
}

/* (1 / gamma - z) u_i = z X_i + sum_{j<i} c_ij u_j, X_i = 1 + sum_{j<i} a_ij u_j, R = 1 + sum_j m_j u_j, with
 * u in units of x. */
static double complex stability(const og_stepper *stepper, double complex z) {
  const og_rosenbrock_tableau *tableau = stepper->coefficients;
  double complex u[OG_ROSENBROCK_STAGES], end = 1;
  for (int i = 0; i < tableau->stages; i++) {
    double complex stage = 1, sum = 0;
    for (int j = 0; j < i; j++) stage += tableau->a[i][j] * u[j], sum += tableau->c[i][j] * u[j];
    u[i] = (z * stage + sum) / (1 / tableau->gamma - z);
    end += tableau->m[i] * u[i];
  }
  return end;
}

og_stepper og_rosenbrock_stepper(const og_rosenbrock_tableau *tableau) {
  int lower = tableau->embedded_order < tableau->order ? tableau->embedded_order : tableau->order;
  return (og_stepper){.name = tableau->name,
                      .order = tableau->order,
                      .errors = 1,
                      .error_power = lower + 1,
                      .interpolant_degree = tableau->interpolant_degree,
                      .seeds = tableau->stages,
                      .implicit = 1,
                      .second_derivatives = 1,
                      .stability = stability,
                      .ops_d = &og_rosenbrock_ops_d,
                      .ops_s = &og_rosenbrock_ops_s,
                      .coefficients = tableau};
}
