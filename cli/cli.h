/* What the files of the command line share. Everything here uses the public interface of the library alone.
 */
#ifndef ODEGRAD_CLI_H
#define ODEGRAD_CLI_H

#include <cjson/cJSON.h>
#include <odegrad.h>
#include <stddef.h>
#include <stdio.h>

/* The exit statuses; scripts rely on them. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* ---- report.c: messages, memory, where results go ---- */

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

/* Text as a terminal may show it (og_printable), which the caller frees. */
char *printable(const char *text);
/* The same where the file is a terminal; NULL: the text may go there as it is. */
char *shown_in(FILE *file, const char *text);
void put_text(const char *text, FILE *file);
/* "odegrad: ..." on standard error. */
void complain(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same, unless --quiet. */
void remark(int quiet, const char *format, ...) PRINTF_LIKE(2, 3);
/* What implicit steps took; nothing where there were none. */
void remark_implicit(int quiet, const size_t *stats, const char *linear_solver);
/* Prints the context's message and returns the exit status that goes with `status`. */
int fail(const og_context *context, og_status status);
int exit_status(og_status status);
/* Whether a failure of a part is one of the whole: memory is missing, or the run is interrupted. Then *all
 * (unless NULL) is that. */
int ends_all(og_status status, og_status *all);
/* Zeroed memory for count (0 is taken as 1) objects; ends the program when there is none. */
void *take(size_t count, size_t size);
char *join(const char *format, ...) PRINTF_LIKE(1, 2);
double seconds_now(void); /* og_seconds, which tests put another clock for */
/* Flushes standard output: EXIT_FAILED with a message when it could not be written, unless its reader went
 * away. */
int finish_output(void);

/* An og_output, or standard output. */
typedef struct output {
  og_context *context;
  og_output *output;
  FILE *file;
} output;
int open_output(og_context *context, const char *path, output *o);
int close_output(output *o);
/* Leaves what is there as it was, unless it is written directly. */
void drop_output(output *o);
/* Whether what is written to `path` replaces what is there: not for standard output, pipes and devices. */
int takes_place(og_context *context, const char *path);
/* Complains when `path` could not be written. */
int check_output(og_context *context, const char *option, const char *path);

/* ---- arguments.c: the table of options, and parsing by it ---- */

typedef enum verb_id {
  VERB_SOLVE = 1,
  VERB_GRAD = 2,
  VERB_CHECK = 4,
  VERB_FIT = 8,
  VERB_PREDICT = 16,
  VERB_ALL = 31
} verb_id;

/* The tool's own options. Those of the library follow at FLAG_COUNT + og_option. */
typedef enum flag {
  FLAG_DATA,
  FLAG_SET,
  FLAG_PARAMS,
  FLAG_TIMES,
  FLAG_JSON,
  FLAG_OUT,
  FLAG_PLOT,
  FLAG_PHASE,
  FLAG_TITLE,
  FLAG_X_LABEL,
  FLAG_Y_LABEL,
  FLAG_LOG_X,
  FLAG_LOG_Y,
  FLAG_SIZE,
  FLAG_CHECKPOINT,
  FLAG_RESUME,
  FLAG_LOSS_PLOT,
  FLAG_HESSIAN,
  FLAG_COMPILE,
  FLAG_PROBABILITIES,
  FLAG_QUIET,
  FLAG_HELP,
  FLAG_COUNT
} flag;
/* Flags, and behind them the library's options: their number, and room for it. */
enum { OPTION_ROWS_MOST = FLAG_COUNT + 128 };
size_t option_rows(void);
/* Which row stands at a place of a list of all of them. */
size_t option_shown(size_t place);

typedef struct option_row {
  const char *name;  /* without the dashes */
  const char *value; /* what follows it; NULL: nothing */
  int verbs;         /* the verbs that know it */
  int repeats;       /* may be given several times */
  const char *help;
} option_row;
option_row option_row_of(size_t index);

typedef struct arguments {
  verb_id verb;
  const char *verb_name;
  const char *model, *model_name; /* its path, "-" for standard input, and what it is called in messages */
  const char *values[OPTION_ROWS_MOST]; /* NULL: not given; "" for a switch */
  const char **sets;                    /* of --set, in order: NAME=VALUE */
  size_t set_count;
  const char **state_atols; /* of --atol with a state: NAME=VALUE,... */
  size_t state_atol_count;
  double first_time, last_time; /* of --times */
  size_t time_count;            /* 0: not given */
  int width, height;            /* of --size; 0: not given */
} arguments;

/* `argv` holds what follows the verb. Returns EXIT_DONE or, after complaining, EXIT_USAGE. */
int parse_arguments(int argc, char **argv, arguments *a);
void free_arguments(arguments *a);

/* ---- foreign.c: what other tools call things ---- */

/* The option of the verb that has another name elsewhere, `name` without its dashes; NULL: not known. */
const char *option_for(const char *name, size_t length);
const char *verb_for(const char *name);

/* ---- help.c ---- */

void print_help(void);
void print_verb_help(verb_id verb);

/* ---- problem.c: model, data, options and parameters of a run ---- */

typedef struct problem {
  const arguments *arguments;
  int json, quiet;
  const char *out, *plot; /* NULL: not wanted */
  og_context *context;
  og_options *options;
  og_model *model;
  og_table *data;    /* NULL: none */
  og_inputs *inputs; /* of the model, from the data */
  const double *data_times;
  int has_ids;         /* the data tells trajectories apart */
  size_t trajectories; /* M */
  size_t n, p;
  double *theta; /* [p] */
} problem;

/* Loads everything; what can be wrong with files to be written later is found here too. Returns an exit
 * status. */
int load_problem(const arguments *a, problem *p);
void free_problem(problem *p);
/* New options, as the command line has them. */
og_status make_options(const problem *p, og_options **out);
/* rtol, and `share` of the run's absolute tolerances, those of single states too. */
og_status set_tolerances(const problem *p, og_options *options, double rtol, double share);
/* Warnings go to standard error, unless --quiet; or nowhere, where they would be repeated. */
void show_warnings(const problem *p, int shown);
/* The spans of all trajectories [M], from the `time` statement, the data or --times. Returns an exit status.
 */
int find_spans(const problem *p, double *t0, double *t1);
/* Says what was taken for the span where the model does not say it, and refuses data whose times go back
 * there (fits and gradients are refused by the library). Returns an exit status. */
int note_span(const problem *p);
/* "order.csv:4" for a row of the data, where its line is known. */
char *row_place(const problem *p, size_t row);
/* The data times of one trajectory in the order of the rows; returns their number. `rows` may be NULL. */
size_t data_rows_of(const problem *p, size_t trajectory, size_t *rows);
/* Whether a row of the data holds a value of an observed column. */
int has_value(const problem *p, size_t row);
/* "hare", "x[2]", "W[1,2]": entry `entry` of a named array. */
char *entry_name(const char *name, size_t rows, size_t columns, size_t entry);
/* The same for parameter number i of theta [p] and state number i of x [n]. */
char *parameter_name(const problem *p, size_t i);
char *state_name(const problem *p, size_t i);
/* " (id)" or "": what is put behind a name when there are several trajectories. */
char *id_suffix(const problem *p, size_t trajectory);

/* ---- option_rules.c: options that do nothing without others ---- */

/* Complains of one of them. Returns an exit status. */
int check_option_rules(const problem *p);
int is_training(const problem *p);

/* The model at a time, with the inputs it has there. */

og_status initial_state_at(const problem *p, const double *theta, size_t trajectory, double t0, double *x0);
/* Locations of the observed columns. */
og_status predict_at(const problem *p, const double *theta, size_t trajectory, double t, const double *x,
                     double *location);
/* Probabilities of the classes of observed column `column`. */
og_status probabilities_at(const problem *p, const double *theta, size_t trajectory, double t,
                           const double *x, size_t column, double *probabilities);

/* ---- solution.c: solutions at given times ---- */

/* An event, with the states around it. */
typedef struct occurrence {
  size_t trajectory;
  og_occurrence what;
  int terminal;
  double *before, *after; /* [n] */
} occurrence;

/* Room for the counters of a solve, og_stat_count of them. */
enum { STATS_MOST = 32 };

typedef struct solution {
  size_t trajectories, n;
  size_t *starts; /* [M + 1]: the first row of each trajectory */
  double *t;      /* [starts[M]] */
  double *x;      /* [starts[M]][n] */
  size_t event_count;
  occurrence *events;
  size_t stats[STATS_MOST];
  const char *linear_solver; /* of implicit steps; NULL: none */
  double seconds;
} solution;

/* Room for counts[M] times. */
void allot_solution(const problem *p, const size_t *counts, solution *s);
/* With the times of the data's rows in it. Returns an exit status: rows out of order are refused. */
int allot_data_times(const problem *p, const double *t0, const double *t1, solution *s);
void free_solution(solution *s);
/* A solve goes only as far as rows are wanted. Not one that is to find where it ends; and of equal steps the
 * span is what they divide. */
int goes_to_its_end(const problem *p);
/* After a failure that may lie beyond the data: takes t1 [M] back to the last row of each trajectory. Returns
 * whether there is less to be solved now. */
int retreat_to_data(const problem *p, og_status failed, const double *t0, double *t1);
/* Fills x at the times t; rows that come after a terminal event are taken out. */
og_status solve_at(const problem *p, const double *t0, const double *t1, const double *theta, solution *s);
/* The same at the rows of the data: what fails beyond the last of them is no failure. */
og_status solve_rows_at(const problem *p, const double *t0, double *t1, const double *theta, solution *s);
/* Number i of `count` equidistant times. */
double grid_time(double first, double last, size_t count, size_t i);
void fill_grid(double first, double last, size_t count, double *t);
/* The events, on standard error. */
void remark_events(const problem *p, const solution *s);

/* ---- columns.c: named columns beside the times of a solution ---- */

typedef struct columns {
  const problem *p;
  const solution *s;
  size_t count;
  char **names;   /* [count], freed with the columns */
  double *values; /* [rows of the solution][count] */
} columns;
columns new_columns(const problem *p, const solution *s, size_t count);
void free_columns(columns *c);
void print_columns(const columns *c);
/* The same in columns of one width each, whatever the rows: they may come in parts, the first with the names.
 */
void print_columns_part(const columns *c, int names);
void write_columns_part(const columns *c, int names, FILE *file);
/* As CSV: id, t, the columns. Returns an exit status. */
int write_columns(const columns *c, const char *path);
/* {"name": [...], ...} of one trajectory, of `count` columns from `first`. */
cJSON *columns_json(const columns *c, size_t first, size_t count, size_t m);
/* {"t": [...], ...}, or {"trajectories": [{"id": ..., "t": [...], ...}, ...]} when there are ids; `add` adds
 * what is behind the times. */
typedef void (*add_trajectory_fn)(const void *what, size_t m, cJSON *object);
cJSON *trajectories_json(const problem *p, const solution *s, add_trajectory_fn add, const void *what);

/* ---- picture.c ---- */

/* A state, or the location of an observed column. */
typedef struct phase_axis {
  int observed;
  size_t index;
} phase_axis;
/* What --phase names; leaves `axes` alone where it is not given. Returns an exit status. */
int find_phase(const problem *p, phase_axis axes[2]);

/* A plot with these texts, or with those of --title, --x-label and --y-label; of the size and on the scales
 * that are asked for. */
og_status new_plot(const problem *p, const char *title, const char *x_label, const char *y_label,
                   og_plot **plot);

/* The times of a trajectory that a training held out; NaN: none; both infinite: all of it. */
typedef struct held_out {
  double from, to;
} held_out;

/* Draws the states against time and, where the data have them, the observed columns. */
og_status draw_solution(const problem *p, const double *t0, double *t1);
/* Draws the locations of the observed columns (the states where nothing is observed) and the data, for the
 * verbs with an objective: when --plot asks for it and `result` is EXIT_DONE. `held` [M] may be NULL. Returns
 * an exit status. */
int draw_objective(const problem *p, const double *theta, const held_out *held, int result);

/* ---- json.c ---- */

enum { NUMBER_SIZE = OG_NUMBER_SIZE };
/* og_format_real, for use within an expression. */
const char *number_text(double value, char text[NUMBER_SIZE]);
cJSON *json_number(double value); /* null when it is not finite */
cJSON *json_count(size_t value);
cJSON *json_list(const double *values, size_t count);
/* A number, an array or an array of arrays, row-major. */
cJSON *json_array(const double *values, size_t rows, size_t columns);
/* The same of one parameter, from values [p]: by its dimensions, so that a layer's weight is always a matrix.
 */
cJSON *json_parameter(const og_parameter_info *info, const double *values);
/* {"alpha": ..., "W": [...]} of values [p]; states of values [M][n], an array over trajectories if there are
 * ids. */
cJSON *json_parameters(const problem *p, const double *values);
cJSON *json_states(const problem *p, const double *values);
cJSON *json_stats(const size_t *stats, const char *linear_solver, double seconds);
/* On standard output, or into the file `path`; deletes `object`. Returns an exit status. */
int print_json(cJSON *object);
int write_json(const problem *p, cJSON *object, const char *path);

/* ---- table.c: aligned tables, and their rows ---- */

typedef struct text_table {
  size_t columns, count, capacity;
  char **cells;
} text_table;
text_table new_table(size_t columns);
void add_cell(text_table *table, const char *format, ...) PRINTF_LIKE(2, 3);
/* Takes over `text`. */
void add_text(text_table *table, char *text);
/* Takes over a text, which the caller frees as it comes back: names and ids come from files, and a line break
 * in one would break a table. */
char *one_line(char *text);
/* Letters, not bytes: names may be UTF-8. */
size_t width_of(const char *text);
void free_table(text_table *table);
/* Prints and frees; the first `left` columns are aligned to the left, the others to the right. */
void print_table(text_table *table, size_t left);

/* What tables have a row for. */

/* An entry, or (count > 1) an array too large to be shown entry by entry: stretches of `length` components,
 * `stride` apart. */
typedef struct row {
  char *name; /* with its shape when it is an array */
  size_t count, first, length, stride;
} row;
typedef struct row_list {
  row *rows;
  size_t count, capacity;
} row_list;
/* "W [3,2]", "b [3]": an array as a whole, by its dimensions. */
char *array_name(const og_parameter_info *info);
/* Of theta [p], whose components count from 0; of the initial states [M][n], which count from `at`. */
void add_parameter_rows(const problem *p, row_list *to);
void add_initial_rows(const problem *p, size_t at, row_list *to);
/* Component number `at`, whose name it takes over. */
void append_entry(row_list *to, char *name, size_t at);
void free_rows(row_list *list);
int has_whole_rows(const row_list *list);
/* The component that is entry k of a row. */
size_t row_entry(const row *r, size_t k);
/* The Euclidean norm of a row's entries, and the one that is largest in magnitude. */
double row_norm(const row *r, const double *values);
double row_largest(const row *r, const double *values);
/* What is said below tables that have arrays in them; what --json has of these. */
void explain_arrays(const char *in_json);
/* A line with a loss that is a sum: behind it over what; values: how many are observed. */
void print_loss(const char *name, double loss, size_t values);

/* ---- verbs ---- */

int run_solve(problem *p);
int run_grad(problem *p);
int run_check(problem *p);
int run_fit(problem *p);
int run_predict(problem *p);
/* fit with an optimizer that trains. */
int run_training(problem *p);

/* ---- terminal.c: signals, and a line that is rewritten ---- */

/* Ctrl-C, SIGTERM and SIGHUP are noted from now on, and interrupt what is computed with the context (NULL:
 * what is done looks at was_interrupted by itself); a second one ends the program. */
void watch_interrupts(og_context *context);
/* They end the program at once again. What was interrupted is free to go on. */
void stop_watching(void);
int was_interrupted(void);
/* Ends the program as the noted signal would have, if there is one: whoever started it can tell. */
void end_by_signal(void);

/* Whether standard error is a terminal on which a line can be rewritten. */
int can_rewrite_lines(void);
/* Writes `line` over the one that is there, and no more of it than the window is wide: a line that wraps is
 * two, and the next one would rewrite the second only. */
enum { LINE_SIZE = 512 };
void rewrite_line(const char *line);

/* ---- progress.c ---- */

typedef struct progress {
  const problem *problem;
  int terminal;
  double last_shown, last_saved;
  int open_line; /* the terminal's line is unfinished */
  int hidden;    /* the latest iteration has not been shown */
  size_t shown_iteration, shown_start;
  int saves; /* --out is kept up to date; not once that has failed */
  int interrupted;
  og_progress latest; /* without theta */
} progress;
void begin_progress(progress *view, const problem *p);
/* An og_progress_fn: shows the iteration and how long it goes on, and saves the best point for --out. */
int follow_progress(const og_progress *now, void *view);
void end_progress(progress *view);

#endif
