#include "contestant.h"

#define ADAMS_HERMITE .kind = PEER_ADJOINT, .checkpoint_steps = 2000
#define ADAMS_POLYNOMIAL ADAMS_HERMITE, .polynomial = 1
#define BDF_HERMITE ADAMS_HERMITE, .bdf = 1
#define SENSITIVITY .kind = PEER_SENSITIVITY

/* CVODES' settings are those that were fastest at some accuracy in a scan of all combinations
 * (docs/benchmarks.md); 2000 steps between checkpoints means that nothing is computed twice. */
const entry entries[] = {
    {.of = FAMILY_OWN_CALLBACKS, .label = "dop853", .method = "dop853"},
    {.of = FAMILY_OWN_CALLBACKS, .label = "tsit5", .method = "tsit5"},
    {.of = FAMILY_OWN_BLOCKS, .label = "dop853", .method = "dop853"},
    {.of = FAMILY_OWN_BLOCKS, .label = "tsit5", .method = "tsit5"},
    {.of = FAMILY_OWN_MODEL, .label = "dop853", .method = "dop853"},
    {.of = FAMILY_OWN_MODEL, .label = "tsit5", .method = "tsit5"},
    {.of = FAMILY_OWN_COMPILED, .label = "dop853", .method = "dop853"},
    {.of = FAMILY_OWN_COMPILED, .label = "tsit5", .method = "tsit5"},
    {.of = FAMILY_PEER_ADJOINT, .label = "Adams, Hermite", .peer = {ADAMS_HERMITE, .backward_factor = 1.0}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "Adams, Hermite, first step given",
     .peer = {ADAMS_HERMITE, .backward_factor = 1.0, .first_step = 0.3}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "Adams, Hermite, back 10x",
     .peer = {ADAMS_HERMITE, .backward_factor = 10.0}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "Adams, Hermite, quadratures, back 10x",
     .peer = {ADAMS_HERMITE, .backward_factor = 10.0, .quadrature_control = 1, .first_step = 0.3}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "Adams, polynomial",
     .peer = {ADAMS_POLYNOMIAL, .backward_factor = 1.0}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "Adams, polynomial, back 10x",
     .peer = {ADAMS_POLYNOMIAL, .backward_factor = 10.0}},
    {.of = FAMILY_PEER_ADJOINT, .label = "BDF, Hermite", .peer = {BDF_HERMITE, .backward_factor = 1.0}},
    {.of = FAMILY_PEER_ADJOINT,
     .label = "BDF, Hermite, quadratures",
     .peer = {BDF_HERMITE, .backward_factor = 1.0, .quadrature_control = 1}},
    {.of = FAMILY_PEER_SENSITIVITY,
     .label = "Adams, all controlled",
     .peer = {SENSITIVITY, .backward_factor = 1.0, .quadrature_control = 1}},
    {.of = FAMILY_PEER_SENSITIVITY,
     .label = "Adams, state controlled",
     .peer = {SENSITIVITY, .backward_factor = 1.0}},
    {.of = FAMILY_PEER_SENSITIVITY,
     .label = "Adams, state controlled, 10x",
     .peer = {SENSITIVITY, .backward_factor = 10.0}},
};
const size_t entry_count = sizeof entries / sizeof *entries;

const char *family_name(family of) {
  static const char *const names[FAMILY_COUNT] = {"odegrad, C callbacks", "odegrad, C blocks",
                                                  "odegrad, model file",  "odegrad, compiled",
                                                  "CVODES adjoint",       "CVODES sensitivities"};
  return names[of];
}

int family_is_peer(family of) { return of == FAMILY_PEER_ADJOINT || of == FAMILY_PEER_SENSITIVITY; }

int family_available(family of) { return !family_is_peer(of) || peer_version() != NULL; }

const entry *family_first(family of) {
  const entry *e = entries;
  while (e->of != of) e++;
  return e;
}

int contestant_open(contestant *c, const entry *settings, double tolerance, size_t trajectories,
                    int threads) {
  *c = (contestant){.settings = settings, .tolerance = tolerance, .trajectories = trajectories};
  if (family_is_peer(settings->of)) {
    peer_settings s = settings->peer;
    s.tolerance = tolerance;
    c->peer = peer_create(&s);
    return c->peer ? 0 : -1;
  }
  static const own_field fields[] = {[FAMILY_OWN_CALLBACKS] = OWN_CALLBACKS,
                                     [FAMILY_OWN_BLOCKS] = OWN_BLOCKS,
                                     [FAMILY_OWN_MODEL] = OWN_MODEL,
                                     [FAMILY_OWN_COMPILED] = OWN_COMPILED};
  own_settings s = {.field = fields[settings->of],
                    .method = settings->method,
                    .tolerance = tolerance,
                    .threads = threads,
                    .trajectories = trajectories};
  c->own = own_create(&s);
  return c->own ? 0 : -1;
}

void contestant_close(contestant *c) {
  peer_destroy(c->peer);
  own_destroy(c->own);
  *c = (contestant){0};
}

int contestant_observed(contestant *c, const double *parameters, double *loss, double *gradient) {
  if (c->peer) return peer_observed_gradient(c->peer, parameters, loss, gradient);
  return own_observed_gradient(c->own, parameters, loss, gradient);
}

int contestant_solve(contestant *c, const double *parameters) {
  return c->peer ? peer_solve(c->peer, parameters) : own_solve(c->own, parameters);
}

int contestant_final(contestant *c, const double *parameters, double *gradients) {
  double loss;
  if (c->own) return own_final_gradients(c->own, parameters, gradients);
  for (size_t i = 0; i < c->trajectories; i++)
    if (peer_final_gradient(c->peer, parameters + i * LV_PARAMETERS, &loss, gradients + i * LV_GRADIENT))
      return -1;
  return 0;
}
