/* Contestants: who computes the gradients, by what settings, at what tolerance. */
#ifndef BENCH_CONTESTANT_H
#define BENCH_CONTESTANT_H

#include "own.h"
#include "peer.h"

/* Settings compete within a family; families are compared. */
typedef enum family {
  FAMILY_OWN_CALLBACKS,
  FAMILY_OWN_BLOCKS,
  FAMILY_OWN_MODEL,
  FAMILY_OWN_COMPILED,
  FAMILY_PEER_ADJOINT,
  FAMILY_PEER_SENSITIVITY,
  FAMILY_COUNT
} family;

/* A row of the table of settings. The first of a family is the one to start with, before any tuning. */
typedef struct entry {
  family of;
  const char *label;
  const char *method; /* odegrad's */
  peer_settings peer; /* CVODES' */
} entry;

extern const entry entries[];
extern const size_t entry_count;

const char *family_name(family of);
int family_is_peer(family of);
/* Whether the programs were built with what this family needs. */
int family_available(family of);
const entry *family_first(family of);

typedef struct contestant {
  const entry *settings;
  double tolerance;
  size_t trajectories;
  own *own;
  peer *peer;
} contestant;

/* 0 for success; a contestant that failed to open is closed already. */
int contestant_open(contestant *c, const entry *settings, double tolerance, size_t trajectories, int threads);
void contestant_close(contestant *c);
int contestant_observed(contestant *c, const double *parameters, double *loss, double *gradient);
int contestant_solve(contestant *c, const double *parameters);
/* All trajectories: parameters [M][4], gradients [M][6]. */
int contestant_final(contestant *c, const double *parameters, double *gradients);

#endif
