/* What other tools call options and verbs: those of PyTorch, optax, SciPy, R and other command lines. */
#include "cli.h"

#include <string.h>

typedef struct foreign {
  const char *names; /* with a blank before and behind each */
  const char *own;
} foreign;

static const foreign options[] = {
    {" lr learning_rate rate step-size eta ", "learning-rate"},
    {" max-iter maxiter max_iter max-iterations iter iters niter n-iter nit max-evaluations maxfev max-fev "
     "maxfun max-nfev ",
     "iterations"},
    {" o output out-file outfile save ", "out"},
    {" p param parameter parameters load weights ", "params"},
    {" d csv dataset input ", "data"},
    {" j threads-number jobs num-threads nthreads ncores cores cpus ", "threads"},
    {" q silent s ", "quiet"},
    {" solver integrator algorithm alg m ", "method"},
    {" tol ftol gtol ", "tolerance"},
    {" reltol rel-tol rtol-rel relative-tolerance ", "rtol"},
    {" abstol abs-tol absolute-tolerance ", "atol"},
    {" t tspan t-span t_span t-eval t_eval time-points saveat grid t0 t1 tstart t-start tend t-end tfinal "
     "tmax t-max time span ",
     "times"},
    {" dt n-steps nsteps num-steps ", "steps"},
    {" hmin dtmin dt-min ", "min-step"},
    {" hmax dtmax dt-max ", "max-step"},
    {" h0 first-dt initial-step dt0 ", "first-step"},
    {" mxstep max-num-steps ", "max-steps"},
    {" opt optim optimiser ", "optimizer"},
    {" epoch n-epochs num-epochs ", "epochs"},
    {" batch-size batchsize bs minibatch ", "batch"},
    {" wd decay l2-penalty ", "weight-decay"},
    {" clip grad-clip clip-grad max-norm ", "clip-norm"},
    {" scheduler schedule-lr lr-scheduler ", "lr-schedule"},
    {" gamma lr-gamma decay-rate ", "lr-decay"},
    {" val val-split validation-split holdout ", "validation"},
    {" early-stopping ", "patience"},
    {" n-starts multistart restarts nstarts ", "starts"},
    {" random-seed random-state rng ", "seed"},
    {" float32 single double dtype float ", "precision"},
    {" sensitivity sensealg gradient-method ", "adjoint"},
    {" figure fig graph image ", "plot"},
    {" log logy log-scale yscale logscale ", "log-y"},
    {" logx xscale ", "log-x"},
    {" mem max-memory memory-limit ", "memory"},
    {" eps ", "epsilon"},
    {" betas ", "beta1"},
    {" jit compiled ", "compile"},
    {" h ? usage ", "help"},
};

static const foreign verb_names[] = {
    {" train optimize optimise estimate calibrate learn ", "fit"},
    {" simulate run integrate sim ", "solve"},
    {" gradient sensitivity adjoint loss evaluate ", "grad"},
    {" test verify compare gradcheck ", "check"},
    {" infer forecast eval ", "predict"},
};

static const char *find(const foreign *rows, size_t count, const char *name, size_t length) {
  char word[64];
  if (length == 0 || length + 3 > sizeof word || memchr(name, ' ', length)) return NULL;
  word[0] = word[length + 1] = ' ';
  memcpy(word + 1, name, length);
  word[length + 2] = '\0';
  for (size_t i = 0; i < count; i++)
    if (strstr(rows[i].names, word)) return rows[i].own;
  return NULL;
}

const char *option_for(const char *name, size_t length) {
  return find(options, sizeof options / sizeof *options, name, length);
}

const char *verb_for(const char *name) {
  return find(verb_names, sizeof verb_names / sizeof *verb_names, name, strlen(name));
}
