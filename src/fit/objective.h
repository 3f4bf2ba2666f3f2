/* An objective: model and data, the programs of its terms, one solve per adjoint, and all the memory an
 * evaluation uses. */
#ifndef OG_OBJECTIVE_H
#define OG_OBJECTIVE_H

#include "fit/data.h"
#include "fit/inputs.h"
#include "fit/term.h"

/* OG_ADJOINT_WHOLE: discrete, with every step kept whatever the memory budget. */
enum {
  OG_ADJOINT_KINDS = OG_ADJOINT_FORWARD + 1,
  OG_ADJOINT_WHOLE = OG_ADJOINT_KINDS,
  OG_ENTRY_NAME_SIZE = 112
};

/* The initial state, and the loss of observations and of final states; NULL when absent. */
typedef struct og_terms {
  og_term *initial, *observation, *final_cost;
} og_terms;
typedef struct og_term_nodes {
  og_node initial, observation, final_cost;
} og_term_nodes;

/* Where a trajectory ended in the last run: at t1, or at a terminal event. */
typedef struct og_ending {
  double t;
  const char *name; /* of the event; NULL: none, the end is t1 */
  size_t events;    /* of the trajectory, the terminal one included */
} og_ending;

struct og_objective {
  og_context *context;
  const og_model *model;
  og_model_parts parts;
  og_options *options;
  og_data *data;
  og_inputs *inputs;
  double *input_rows;                         /* of one trajectory at one time */
  og_terms terms, tangents;                   /* the latter of the former, made when first asked for */
  og_solve *solves[OG_ADJOINT_WHOLE + 1];     /* made when first asked for */
  og_solve *last;                             /* the solve of the last evaluation */
  size_t n, p, M, N;                          /* states, parameters, trajectories, observations */
  double *lowest, *highest;                   /* [p] */
  double *x0, *observed, *final;              /* [M][n], [N][n], [M][n] */
  double *row_losses, *final_losses, *losses; /* [N], [M], [M]: the last is each trajectory's sum */
  double *observed_bar, *final_bar, *ones;    /* cotangents for the solve: [N][n], [M][n], [M] */
  double *x0_bar, *t0_bar, *t1_bar, *t_bar;   /* [M][n], [M], [M]; of one term's own time [M] */
  double *theta_bar;                          /* [p] */
  og_ending *endings;                         /* [M] */
  double *event_bars;                         /* [event_room]: of one trajectory's events */
  size_t event_room;
  double t0_gradient, t1_gradient;
  double *x0_gradient; /* [M][n]: as handed out */
  int has_gradient;
};

og_status og_objective_check_theta(const og_objective *objective, const double *theta);
/* The name of entry `index` of theta: "alpha", "w[2]", "W[1,2]". */
const char *og_objective_entry_name(const og_objective *objective, size_t index,
                                    char text[OG_ENTRY_NAME_SIZE]);
/* Terms of the model's nodes, or of others that stand for them, with times and data. */
og_status og_objective_create_terms(const og_objective *objective, const og_term_nodes *nodes,
                                    og_terms *terms);
void og_terms_destroy(og_terms *terms);
/* When an item of a term is, in which trajectory, and the model's inputs then. */
void og_objective_set_instant(const og_objective *objective, og_term *term, size_t item, size_t trajectory,
                              double t);
/* After a solve: where each trajectory ended, which is when its final cost is taken; whether its observations
 * were reached; and the cotangent of the end's time put where it belongs. */
og_status og_objective_find_endings(og_objective *objective, const og_solve *solve);
og_status og_objective_check_reached(const og_objective *objective, size_t trajectory);
og_status og_objective_pull_ending(og_objective *objective, og_solve *solve, size_t trajectory, double t_bar);
/* The solve of a kind (an og_adjoint or OG_ADJOINT_WHOLE), with its spans and observation times set. */
og_status og_objective_solve(og_objective *objective, int kind, og_solve **out);
/* x0(theta) into objective->x0. */
og_status og_objective_initial_states(og_objective *objective, const double *theta);
/* The terms after a solve: fills `losses`, and with `gradient` the cotangents of the solve's results; adds
 * the terms' own dependence on theta to theta_bar and on t1 to t1_bar. A loss that is not finite is refused.
 */
og_status og_objective_terms(og_objective *objective, og_solve *solve, const double *theta, int gradient);
/* Everything up to the loss at theta, and with `gradient` the cotangents; *out is the solve. */
og_status og_objective_forward(og_objective *objective, int kind, const double *theta, int gradient,
                               og_solve **out);
/* products[d] = H directions[d] for `count` directions [count][p], overwritten: the Hessian of the loss at
 * theta. */
og_status og_objective_hessian_products(og_objective *objective, const double *theta, size_t count,
                                        const double *directions, double *products);
double og_objective_total(const og_objective *objective);

#endif
