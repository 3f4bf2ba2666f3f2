/* The looks of one block of lanes, in one precision (base/in_double.h). */

#define STEP OG_P(og_step)
#define READER OG_P(og_step_reader)
#define LOOKS OG_P(og_looks)

typedef struct LOOKS {
  og_solve *solve;
  int mode, lanes, count;           /* count: in the queue */
  size_t now;                       /* steps of the block so far */
  uint64_t due[OG_LOOKS_AHEAD];     /* lanes whose next look is due so many steps ahead, modulo the length */
  unsigned char slot[OG_LANES_MAX]; /* of due, in which the lane stands */
  size_t next[OG_LANES_MAX];        /* step of the lane to be looked at; (size_t)-1: none */
  og_samples samples[OG_LANES_MAX];
  _Alignas(64) REAL sum[2][OG_LANES_MAX]; /* of |J^T g| and |h g| in each lane, by the last step */
  og_looked queue[OG_LANES_MAX];
  REAL *x, *theta, *lambda;    /* of the queue, one item after the other; lambda at the step's end */
  REAL *seeds;                 /* likewise, [OG_LOOK_SEEDS(seeds)][n]: see og_looks_seed */
  REAL *inside[3], *direct[2]; /* the same in lanes */
  REAL *block[OG_LOOK_BLOCKS];
  REAL *weights[2];
  STEP *whole, *part;
  double speed[OG_LANES_MAX]; /* |f| at the start of each lane's step, states in their weights */
  double along[OG_LANES_MAX], flow[OG_LANES_MAX]; /* of the look's lanes: see og_look_error */
  void *memory, *step_memory[2];
  og_status status; /* OG_ERR_MEMORY */
  long long evals, vjps;
} LOOKS;
/* Bytes that looks at blocks of so many lanes allocate. */
size_t OG_P(og_looks_bytes)(const og_solve *solve, int lanes);
void OG_P(og_looks_open)(LOOKS *looks, og_solve *solve, int lanes, int mode);
void OG_P(og_looks_close)(LOOKS *looks);
/* The lane has been given a trajectory, and stands at its end. */
void OG_P(og_looks_enter)(LOOKS *looks, const READER *r, int lane);
/* Before a step of the block, which was recomputed, is transposed. */
void OG_P(og_looks_before)(LOOKS *looks, const READER *r, const STEP *step);
/* After it was transposed to x_bar: the lanes whose step is to be looked at, a bit each. */
uint64_t OG_P(og_looks_due)(LOOKS *looks, const READER *r, const STEP *step, const REAL *x_bar);
/* Begins to queue the lane's step, which was transposed to x_bar; `part` of it was kept. 0: there is no
 * memory. */
int OG_P(og_looks_take)(LOOKS *looks, const READER *r, const STEP *step, int lane, const REAL *x_bar,
                        const double *theta_sum, double part);
/* A cotangent [n of the states] that was put on the inside of it, at `place` of what was kept. */
void OG_P(og_looks_seed)(LOOKS *looks, double place, const double *seed);
/* It is whole. */
void OG_P(og_looks_put)(LOOKS *looks);
/* The lane's lambda is not finite: whether that is because it grew on its way, step by step. Then the
 * trajectory can be given up here; its ceilings go on as they are. */
int OG_P(og_looks_abandon)(LOOKS *looks, const READER *r, int lane);
/* Looks at what is in the queue. */
void OG_P(og_looks_flush)(LOOKS *looks);

#undef STEP
#undef READER
#undef LOOKS
