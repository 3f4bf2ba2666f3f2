/* How the C compiler is run: what it is told, what is made of its end and of what it says, and that nothing
 * is left of it. Compilers are played by shell scripts, the real one compiles a line. That what is compiled
 * has the right bits is tested in test_compile.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/compile.h"
#include "counting.h"
#include "kernels/dense.h"

enum { FILES_MOST = 256 };

static char folder[] = "/tmp/odegrad-compiler-XXXXXX";

static int enter(void **state) {
  (void)state;
  return !mkdtemp(folder) || setenv("TMPDIR", folder, 1);
}

static int leave(void **state) {
  (void)state;
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static int files_open(void) {
  int count = 0;
  for (int i = 0; i < FILES_MOST; i++) count += fcntl(i, F_GETFD) >= 0;
  return count;
}

static int entries_of(const char *path) {
  int count = -2; /* . and .. */
  DIR *directory = opendir(path);
  assert_non_null(directory);
  while (readdir(directory)) count++;
  closedir(directory);
  return count;
}

/* Compiles a line with `compiler` (NULL: the system's); nothing is left of it but what was loaded. */
static og_status compile(og_context *context, const char *compiler, int single, void **library) {
  static char line[] = "REAL answer(void) { return sizeof(REAL) + FUSED*0; }\n";
  og_text text = {.context = context, .text = line, .length = sizeof line - 1};
  int files = files_open(), entries = entries_of(folder);
  if (compiler)
    setenv("CC", compiler, 1);
  else
    unsetenv("CC");
  og_status status = og_compile(context, &text, single, library);
  unsetenv("CC");
  if (status != OG_OK) assert_int_equal(files_open(), files);
  assert_int_equal(entries_of(folder), entries);
  assert_int_equal(*library == NULL, status != OG_OK);
  return status;
}

/* ---- What the compiler is told ---- */

static char *read_all(const char *path) {
  static char text[4096];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

static void flags_of_the_compiler(void **state) {
  (void)state;
  char script[300], told[200];
  snprintf(told, sizeof told, "%s/told", folder);
  snprintf(script, sizeof script, "sh -c 'printf \"%%s\\n\" \"$@\" \"TMPDIR=$TMPDIR\" >%s; exit 1' sh", told);
  for (int single = 0; single < 2; single++) {
    og_context *context = new_context();
    void *library;
    fclose(fopen(told, "w"));
    assert_int_equal(compile(context, script, single, &library), OG_ERR_UNSUPPORTED);
    const char *text = read_all(told), *at = strstr(text, "TMPDIR=");
    char directory[200], expected[2000];
    assert_non_null(at);
    assert_int_equal(sscanf(at, "TMPDIR=%199[^\n]", directory), 1);
    assert_memory_equal(directory, folder, strlen(folder)); /* a directory of its own, in that of TMPDIR */
    assert_memory_equal(directory + strlen(folder), "/odegrad-compile-", 17);
    assert_int_equal(strlen(directory), strlen(folder) + 17 + 6);
    snprintf(expected, sizeof expected,
             "-DREAL=%s\n-DFUSED=%d\n-O3\n-std=gnu11\n-w\n%s-ffp-contract=off\n-fno-math-errno\n-fno-"
             "trapping-math\n"
             "-fPIC\n-shared\n-o\n%s/field.so\n%s/field.c\nTMPDIR=%s\n",
             single ? "float" : "double", og_dense_best_d()->fused != 0,
#if defined(__x86_64__)
             "-march=native\n-mprefer-vector-width=512\n",
#else
             "",
#endif
             directory, directory, directory);
    assert_string_equal(text, expected);
    og_context_destroy(context);
  }
  unlink(told);
}

static void what_is_compiled(void **state) {
  (void)state;
  for (int ignored = 0; ignored < 2; ignored++) { /* a program that ignores SIGCHLD loses the outcome alone */
    signal(SIGCHLD, ignored ? SIG_IGN : SIG_DFL);
    for (int single = 0; single < 2; single++) {
      og_context *context = new_context();
      void *library;
      if (compile(context, NULL, single, &library) != OG_OK) fail_msg("%s", og_context_message(context));
      assert_null(og_library_find(library, "no_such_function"));
      void *address = og_library_find(library, "answer");
      assert_non_null(address);
      double (*answer_d)(void);
      float (*answer_s)(void);
      memcpy(&answer_d, &address, sizeof address), memcpy(&answer_s, &address, sizeof address);
      assert_true(single ? answer_s() == 4 : answer_d() == 8);
      og_library_close(library);
      og_context_destroy(context);
    }
  }
  signal(SIGCHLD, SIG_DFL);
  og_library_close(NULL);
}

/* ---- What is made of its end ---- */

#define ALIVE                                                                                                \
  "set the environment variable CC to a working C compiler (gcc or clang), or do without compiling: the "    \
  "results are the same"
#define DEAD                                                                                                 \
  "it may need a larger stack (ulimit -s 8192) or more memory: give it these, or do without compiling: the " \
  "results are the same"

/* A compiler that says this and ends so. */
static void fails(const char *saying, int code, const char *said, int dead) {
  char compiler[4000], message[6000];
  og_context *context = new_context();
  void *library;
  snprintf(compiler, sizeof compiler, "sh -c 'printf \"%s\"; exit %d' sh", saying, code);
  assert_int_equal(compile(context, compiler, 0, &library), OG_ERR_UNSUPPORTED);
  snprintf(message, sizeof message, "the C compiler '%s' %s%s%s\n%s", compiler,
           dead ? "was ended by a signal while it compiled the equations" : "did not compile the equations",
           *said       ? "; it says:\n"
           : code == 0 ? "; its output was not made"
                       : "",
           said, dead ? DEAD : ALIVE);
  assert_string_equal(og_context_message(context), message);
  og_context_destroy(context);
}

/* A code above 128 is the number of a signal, as shells have it. */
static void ends_of_the_compiler(void **state) {
  (void)state;
  const struct {
    int code, dead;
  } cases[] = {
      {0, 0},  {1, 0}, {127, 0}, {128, 0}, {129, 1}, {137, 1}, {128 + SIGRTMAX, 1}, {129 + SIGRTMAX, 0},
      {255, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fails("", cases[i].code, "", cases[i].dead);
    fails("odd things", cases[i].code, "odd things", cases[i].dead);
  }
  fails("cc: signal terminated program cc1", 1, "cc: signal terminated program cc1", 1);
  fails("failed due to signal", 1, "failed due to signal", 1);
  fails("PLEASE submit a bug report", 1, "PLEASE submit a bug report", 1);
}

/* Without the empty lines at its end, and no more than is worth showing. */
static void what_the_compiler_says(void **state) {
  (void)state;
  fails("a\\n\\nb\\n\\n\\n", 1, "a\n\nb", 0);
  fails("\\n\\n", 1, "", 0);
  for (size_t letters = 1198; letters <= 1201; letters++) {
    char saying[1300] = "", said[1300] = "";
    memset(saying, 'a', letters);
    memset(said, 'a', letters < 1199 ? letters : 1199);
    fails(saying, 1, said, 0);
  }
}

static void what_cannot_be_loaded(void **state) {
  (void)state;
  og_context *context = new_context();
  void *library;
  assert_int_equal(
      compile(context,
              "sh -c 'for a; do if [ \"$last\" = -o ]; then echo no program >\"$a\"; fi; last=$a; done' sh",
              0, &library),
      OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), "the compiled equations cannot be loaded: ");
  assert_contains(og_context_message(context), "field.so");
  assert_contains(og_context_message(context),
                  "; if programs must not be run from that directory, set TMPDIR to one "
                  "from which they may");
  og_context_destroy(context);
}

static char noted[300];
static void note(const char *line, void *user) { (void)user, snprintf(noted, sizeof noted, "%s", line); }

/* Above a megabyte the user is told that it takes long. */
static void long_texts(void **state) {
  (void)state;
  enum { LONG = 1000000 };
  static char spaces[LONG + 2];
  memset(spaces, ' ', LONG + 1);
  for (size_t more = 0; more < 2; more++) {
    og_context *context = new_context();
    og_text text = {.context = context, .text = spaces, .length = LONG + more};
    void *library;
    noted[0] = '\0';
    og_context_set_log(context, note, NULL);
    setenv("CC", "false", 1);
    assert_int_equal(og_compile(context, &text, 0, &library), OG_ERR_UNSUPPORTED);
    unsetenv("CC");
    assert_string_equal(noted,
                        more ? "note: the equations are 1.0 MB of C, which take a compiler a minute or more; "
                               "without compiling the results are the same"
                             : "");
    og_context_destroy(context);
  }
}

/* ---- Directories ---- */

static void put(const char *directory, const char *name) {
  char path[300];
  snprintf(path, sizeof path, "%s/%s%s%s", folder, directory, *directory ? "/" : "", name);
  int file = open(path, O_WRONLY | O_CREAT, 0600);
  assert_true(file >= 0);
  close(file);
}

/* Directories by the names that runs give them, unless a run holds them; no files, and no others. */
static void what_is_left_behind(void **state) {
  (void)state;
  static const char *const left[] = {"odegrad-compile-abcdef", "odegrad-compile-ABC123"},
                           *const others[] = {"odegrad-compile-abcde",  "odegrad-compile-abcdefg",
                                              "odegrad-compile",        "xdegrad-compile-abcdef",
                                              "odegrad-compilX-abcdef", "odegrad-compile-locked"};
  char path[300];
  og_context *context = new_context();
  void *library;
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, left[i]);
    assert_int_equal(mkdir(path, 0700), 0);
    put(left[i], "field.c"), put(left[i], ".hidden"), put(left[i], "cc.s");
  }
  for (size_t i = 0; i < 6; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, others[i]);
    assert_int_equal(mkdir(path, 0700), 0);
    put(others[i], "field.c");
  }
  int locked = open(path, O_RDONLY);
  assert_int_equal(flock(locked, LOCK_EX), 0);
  put("", "odegrad-compile-afile1");
  setenv("CC", "false", 1);
  og_text text = {.context = context, .text = " ", .length = 1};
  assert_int_equal(og_compile(context, &text, 0, &library), OG_ERR_UNSUPPORTED);
  unsetenv("CC");
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, left[i]);
    if (access(path, F_OK) == 0) fail_msg("%s is still there", left[i]);
  }
  for (size_t i = 0; i < 6; i++) {
    snprintf(path, sizeof path, "%s/%s/field.c", folder, others[i]);
    if (unlink(path) != 0) fail_msg("%s is gone", others[i]);
    path[strlen(path) - 8] = '\0';
    assert_int_equal(rmdir(path), 0);
  }
  snprintf(path, sizeof path, "%s/odegrad-compile-afile1", folder);
  assert_int_equal(unlink(path), 0);
  close(locked);
  og_context_destroy(context);
}

/* Where the directory is made, as the compiler sees it in $TMPDIR. */
static void is_made_in(const char *place, const char *expected) {
  char told[200], script[300], text[600];
  snprintf(told, sizeof told, "%s/told", folder);
  snprintf(script, sizeof script, "sh -c 'printf \"%%s\" \"$TMPDIR\" >%s; exit 1' sh", told);
  og_context *context = new_context();
  og_text line = {.context = context, .text = text, .length = 0};
  void *library;
  setenv("TMPDIR", place, 1), setenv("CC", script, 1);
  assert_int_equal(og_compile(context, &line, 0, &library), OG_ERR_UNSUPPORTED);
  unsetenv("CC"), setenv("TMPDIR", folder, 1);
  const char *made = read_all(told);
  assert_int_equal(strlen(made), strlen(expected) + 6);
  assert_memory_equal(made, expected, strlen(expected));
  unlink(told);
  og_context_destroy(context);
}

static void cannot_be_made_in(const char *place, const char *why) {
  og_context *context = new_context();
  og_text line = {.context = context, .text = (char *)" ", .length = 1};
  void *library;
  setenv("TMPDIR", place, 1);
  assert_int_equal(og_compile(context, &line, 0, &library), OG_ERR_FILE);
  setenv("TMPDIR", folder, 1);
  assert_contains(og_context_message(context), "cannot make a directory for compiling, ");
  assert_contains(og_context_message(context), why);
  og_context_destroy(context);
}

static void places_of_the_directory(void **state) {
  (void)state;
  char here[400], longer[4200], elsewhere[100];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(mkdir("-odd", 0700), 0);
  is_made_in("-odd", "./-odd/odegrad-compile-"); /* which is no option of the compiler's */
  is_made_in(".", "./odegrad-compile-");
  is_made_in("", "/tmp/odegrad-compile-");
  assert_int_equal(rmdir("-odd"), 0);
  assert_int_equal(chdir(here), 0);
  snprintf(elsewhere, sizeof elsewhere, "%s/none", folder);
  cannot_be_made_in(elsewhere, strerror(ENOENT));
  memset(longer, '/', sizeof longer); /* "//...//tmp" is a name of /tmp, as long as one likes */
  memcpy(longer + 4200 - 4, "tmp", 4);
  cannot_be_made_in(longer + 4200 - 4073 - 1, strerror(ENAMETOOLONG)); /* of 4073: with 23 more 4096 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flags_of_the_compiler), cmocka_unit_test(what_is_compiled),
      cmocka_unit_test(ends_of_the_compiler),  cmocka_unit_test(what_the_compiler_says),
      cmocka_unit_test(what_cannot_be_loaded), cmocka_unit_test(long_texts),
      cmocka_unit_test(what_is_left_behind),   cmocka_unit_test(places_of_the_directory)};
  return cmocka_run_group_tests(tests, enter, leave);
}
