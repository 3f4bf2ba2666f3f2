/* An objective: model and data, the programs of its terms, and what of the data is evaluated together.
 *
 * The room is for losses of data and for searches that make them small. It knows models and solves, and calls
 * derivatives by their public names, hessian_product.h and trust.h. Begin with evaluate.c (theta to loss and
 * gradient), then objective.c and batch.c (what that needs); fit.c is the search, and standing.c decides when
 * it has converged. */
#ifndef OG_OBJECTIVE_H
#define OG_OBJECTIVE_H

#include "fit/batch.h"
#include "fit/data.h"
#include "fit/inputs.h"
#include "fit/loss_program.h"
#include "solve/integrate/coarse.h"

enum { OG_ENTRY_NAME_SIZE = 112 };

/* The initial state, and the loss of observations and of final states; NULL when absent. */
typedef struct og_loss_programs {
  og_loss_program *initial, *observation, *final_cost;
} og_loss_programs;
typedef struct og_loss_program_nodes {
  og_node initial, observation, final_cost;
} og_loss_program_nodes;

/* The argument of a distribution that an evaluation found outside its domain. */
typedef struct og_outside {
  const char *argument, *distribution, *domain, *column;
} og_outside;

struct og_objective {
  og_context *context;
  og_references references;
  const og_model *model; /* kept, as are the data and what the model was when this was made (parts.field) */
  og_model_parts parts;
  og_options *options;
  og_data *data;
  og_inputs *inputs;
  double *row_inputs;               /* [rows of the data][og_inputs_width]: at the time of each */
  double *start_inputs;             /* [trajectories][og_inputs_width]: at t0 of each */
  og_loss_programs terms, tangents; /* the latter of the former, made when first asked for */
  og_batch all, some;               /* the whole set; the last mini-batch */
  og_solve *last;                   /* the solve of the last evaluation */
  og_told told;                     /* warnings of its solves, each once */
  size_t n, p;                      /* states, parameters */
  double *lowest, *highest;         /* [p] */
  double *theta_bar;                /* [p] */
  double *theta_own;                /* [p]: the same without the part that comes by the initial states */
  og_gradient_error error;          /* of the last gradient of the whole set */
  double t0_gradient, t1_gradient;
  double *x0_gradient; /* [M][n]: as handed out */
  int has_gradient;
  og_outside outside; /* the last one */
};

/* Uses it until og_objective_destroy. */
void og_objective_keep(og_objective *objective);
og_status og_objective_check_theta(const og_objective *objective, const double *theta);
/* The name of entry `index` of theta: "alpha", "w[2]", "W[1,2]". */
const char *og_objective_entry_name(const og_objective *objective, size_t index,
                                    char text[OG_ENTRY_NAME_SIZE]);
/* Whether a window may start at row `row` of a trajectory: it holds the whole state. To be asked where
 * og_objective_check_windows has nothing against windows. */
int og_objective_can_start(const og_objective *objective, size_t trajectory, size_t row);
/* Terms of the model's nodes, or of others that stand for them, with times and data. */
og_status og_objective_create_terms(const og_objective *objective, const og_loss_program_nodes *nodes,
                                    og_loss_programs *terms);
void og_loss_programs_destroy(og_loss_programs *terms);
/* The tangents of the terms, when they are not there yet. */
og_status og_objective_create_tangents(og_objective *objective);

/* How large a loss is, whatever cancels in its value and its gradient. */
typedef struct og_loss_size {
  double terms; /* the sum of the absolute values of all terms */
  double slope; /* by how much they change when states change by their own size: to first order, */
  double bend;  /* and to second order, which does not vanish where the data are met exactly */
} og_loss_size;
/* At theta, where the loss can be computed. A running cost is one term, at least as large as what the solve
 * takes for zero (atol / rtol). */
og_status og_objective_loss_size(og_objective *objective, const double *theta, og_loss_size *size);
/* products[d] = H directions[d] for `count` directions [count][p], overwritten: the Hessian of the loss at
 * theta. */
og_status og_objective_hessian_products(og_objective *objective, const double *theta, size_t count,
                                        const double *directions, double *products);

#endif
