/* Diagonally implicit methods: their coefficients, and they as steppers.
 *
 * The interpolants of the two pairs are ours. With stage order 2 a formula has order 4 at s if sum b = s, sum
 * b c = s^2/2, sum b c^2 = s^3/3, sum b c^3 = s^4/4 and sum b A c^2 = s^4/12. A sixth condition is that the
 * weights annihilate the stages that x' = lambda x leaves as h lambda -> -inf (1 and -1 in the first two of
 * esdirk54, all but the last of kvaerno5): without it the interpolant would grow with h lambda, and show what
 * rounding of x does to the first stage. Of the polynomials of degree 4 that are left, kvaerno5's is the one
 * with the least error of order 5 of those that end with the slope of the last stage; esdirk54's is the one
 * whose error on a stiff x' = lambda (x - g) + g' is of the order of h^4, not h^3. */
#include "step/dirk.h"

/* clang-format off */
static const og_dirk_tableau tableaus[] = {
  {
    .name = "kvaerno5",
    .description = "Singly diagonally implicit 5(4), explicit first stage, 7 stages, stiffly accurate, L-stable",
    .source = "Kvaerno, BIT Numer. Math. 44 (2004), 489-502",
    .order = 5, .embedded_order = 4, .interpolant_order = 4,
    .stages = 7, .interpolant_degree = 4,
    .gamma = 0.26,
    .c = {0, 0.52, 1.230333209967908, 0.8957659843500759, 0.43639360985864756, 1, 1},
    .a = {
      [1] = {0.26},
      [2] = {0.13, 0.8403332099679081},
      [3] = {0.22371961478320504, 0.476755323197997, -0.06470895363112615},
      [4] = {0.16648564323248322, 0.1045001884159172, 0.03631482272098715, -0.13090704451073998},
      [5] = {0.13855640231268224, 0, -0.04245337201752043, 0.02446657898003141, 0.6194303907248068},
      [6] = {0.13659751177640292, 0, -0.05496908796538376, -0.04118626728321046, 0.629933048990164, 0.06962479448202728},
    },
    .b = {0.13659751177640292, 0, -0.05496908796538376, -0.04118626728321046, 0.629933048990164, 0.06962479448202728, 0.26},
    .e = {-0.00195889053627933, 0, -0.01251571594786333, -0.06565284626324187, 0.01050265826535727, -0.1903752055179727, 0.26},
    .interpolant = {
      [0] = {0.9844003008986968, -2.072304808951066, 1.737798762311653, -0.513296742482881},
      [2] = {-0.09966937876727185, 0.8410169997917, -1.6029022151431196, 0.8065855061533076},
      [3] = {-0.5228289319299894, -0.675541683082535, 2.754825092822196, -1.5976407450928822},
      [4] = {0.08363831754201956, 3.2583615243551294, -4.2479058053756615, 1.5358390124686763},
      [5] = {-0.17969441373456385, -0.2665541902002343, 1.3506907995322694, -0.8348174011154439},
      [6] = {0.7341541059911086, -1.0849778419129938, 0.007493365852661863, 0.6033303700692234},
    },
  },
  {
    .name = "esdirk54",
    .description = "Singly diagonally implicit 5(4), explicit first stage, 7 stages, stiffly accurate, L-stable",
    .source = "Kennedy & Carpenter, Appl. Numer. Math. 136 (2019), 183-205: ESDIRK5(4)7L[2]SA2",
    .order = 5, .embedded_order = 4, .interpolant_order = 4,
    .stages = 7, .interpolant_degree = 4,
    .gamma = 0.184,
    .c = {0, 0.368, 0.6282152954766494, 0.1388101983002833, 0.6999586194045747, 0.9083769633507853, 1},
    .a = {
      [1] = {0.184},
      [2] = {0.22210764773832475, 0.22210764773832475},
      [3] = {-0.014049475381926283, -0.014049475381926283, -0.01709085093586415},
      [4] = {-0.40838859254931464, -0.40838859254931464, 0.16646399821362964, 1.1662718062895745},
      [5] = {-0.5392907235588114, -0.5392907235588114, -0.242234428845425, 1.4888806111225146, 0.5563122281913184},
      [6] = {-0.03946606910974026, -0.03946606910974026, 0.27263649025024267, 0.4321651725202882, 0.3524160862328891, -0.16228561078393952},
    },
    .b = {-0.03946606910974026, -0.03946606910974026, 0.27263649025024267, 0.4321651725202882, 0.3524160862328891, -0.16228561078393952, 0.184},
    .e = {0.041223397456907174, 0.041223397456907174, 0.08973680563680714, -0.08484870124594279, -0.07418364506956518, -0.05795875281680454, 0.04480749858169103},
    .interpolant = {
      [0] = {1.8277112241122953, -9.6300582718278, 14.542869466644925, -6.779988488039161},
      [1] = {1.8277112241122953, -9.6300582718278, 14.542869466644925, -6.779988488039161},
      [2] = {-0.9139893145584493, 3.552622397909284, -1.2618715842868138, -1.1041250088137784},
      [3] = {-1.9539215944031731, 16.311426967164955, -26.933753111100305, 13.00841291085881},
      [4] = {0.22513133046351494, -1.5663480051750922, 2.204628685989615, -0.5109959250451485},
      [5] = {-0.3041684308504838, 3.472697538118349, -7.980795835446732, 4.649981117394927},
      [6] = {0.2915255611240009, -2.5102823543618964, 4.886052911554385, -2.4832961183164897},
    },
  },
  {
    /* The first stage is f where the iteration begins; it has no weight. */
    .name = "implicit-euler",
    .description = "Implicit Euler, order 1, stiffly accurate, L-stable",
    .source = "Hairer & Wanner, Solving ODEs II, IV.3",
    .order = 1, .interpolant_order = 1,
    .stages = 2, .interpolant_degree = 1,
    .gamma = 1,
    .c = {0, 1},
    .b = {0, 1},
    .interpolant = {[1] = {1}},
  },
  {
    .name = "trapezoid",
    .description = "Trapezoidal rule, order 2, A-stable",
    .source = "Hairer & Wanner, Solving ODEs II, IV.3",
    .order = 2, .interpolant_order = 2,
    .stages = 2, .interpolant_degree = 2,
    .gamma = 0.5,
    .c = {0, 1},
    .a = {[1] = {0.5}},
    .b = {0.5, 0.5},
    .e = {0.5, -0.5},
    .interpolant = {{1, -0.5}, {0, 0.5}},
  },
  {
    .name = "implicit-midpoint",
    .description = "Implicit midpoint rule, order 2, A-stable, symplectic",
    .source = "Hairer & Wanner, Solving ODEs II, IV.3",
    .order = 2, .interpolant_order = 1,
    .stages = 2, .interpolant_degree = 1,
    .gamma = 0.5,
    .c = {0, 0.5},
    .b = {0, 1},
    .e = {-1, 1},
    .interpolant = {[1] = {1}},
  },
};
/* clang-format on */

const og_dirk_tableau *og_dirk_tableau_of(og_method method) {
  switch (method) {
  case OG_METHOD_KVAERNO5: return &tableaus[0];
  case OG_METHOD_ESDIRK54: return &tableaus[1];
  case OG_METHOD_IMPLICIT_EULER: return &tableaus[2];
  case OG_METHOD_TRAPEZOID: return &tableaus[3];
  case OG_METHOD_IMPLICIT_MIDPOINT: return &tableaus[4];
  default: return NULL;
  }
}

og_increment_rows og_dirk_rows(const og_dirk_tableau *tableau) {
  return (og_increment_rows){.stages = tableau->stages,
                             .degree = tableau->interpolant_degree,
                             .stride = OG_DIRK_DEGREE,
                             .interpolant = tableau->interpolant[0],
                             .b = tableau->b,
                             .e = tableau->e};
}

/* In increments: u_1 = z, u_i = z start_i / (1 - gamma z), R = 1 + sum_j b_j u_j. */
static double complex stability(const og_stepper *stepper, double complex z) {
  const og_dirk_tableau *tableau = stepper->coefficients;
  double complex u[OG_DIRK_STAGES] = {z}, end = 1 + tableau->b[0] * z;
  for (int i = 1; i < tableau->stages; i++) {
    double complex start = 1;
    for (int j = 0; j < i; j++) start += tableau->a[i][j] * u[j];
    u[i] = z * start / (1 - tableau->gamma * z);
    end += tableau->b[i] * u[i];
  }
  return end;
}

/* Algebraic equations leave M singular, and the slope at a step's start open. */
static og_status prepare(og_context *context, og_stepper *stepper, const og_field *field) {
  og_lane_status singular = 0;
  if (!field->mass) return OG_OK;
  size_t bytes = og_elimination_bytes_d(stepper->elimination, 1);
  void *factors = og_alloc(context, 1, bytes);
  if (!factors) return og_fail_memory(context, bytes, "the factors of M");
  og_elimination_factor_d(stepper->elimination, 1, field->mass, factors, &singular);
  og_free(context, factors);
  if (!singular) return OG_OK;
  return og_fail(context, OG_ERR_UNSUPPORTED,
                 "method %s begins each step with the slope x', which algebraic equations do not give: use "
                 "method = rodas5p or radau5",
                 stepper->name);
}

og_stepper og_dirk_stepper(const og_dirk_tableau *tableau) {
  int lower = tableau->embedded_order < tableau->order ? tableau->embedded_order : tableau->order;
  return (og_stepper){.name = tableau->name,
                      .order = tableau->order,
                      .errors = tableau->embedded_order > 0,
                      .error_power = lower + 1,
                      .interpolant_degree = tableau->interpolant_degree,
                      .seeds = tableau->stages,
                      .implicit = 1,
                      .iterates = 1,
                      .stability = stability,
                      .prepare = prepare,
                      .ops_d = &og_dirk_ops_d,
                      .ops_s = &og_dirk_ops_s,
                      .coefficients = tableau};
}
