/* Signals that end a run: Ctrl-C, SIGTERM and SIGHUP. */
#include "cli.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted; /* the signal's number */
static og_context *volatile interruptible;

/* The second signal, of any kind, ends the program as it would have without a handler: raised here, it comes
 * when the handler is left. */
static void note_signal(int number) {
  if (interrupted) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  interrupted = number;
  if (interruptible) og_context_interrupt(interruptible, 1);
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

/* A signal that is ignored, as under nohup, stays so. */
static void set_handler(void (*handler)(int)) {
  struct sigaction action, present;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (sigaction(watched[i], NULL, &present) == 0 && present.sa_handler != SIG_IGN)
      sigaction(watched[i], &action, NULL);
}

void watch_interrupts(og_context *context) {
  interruptible = context;
  if (interrupted) return; /* already on the way to the end */
  set_handler(note_signal);
}

int was_interrupted(void) { return interrupted != 0; }

void stop_watching(void) {
  og_context *context = interruptible;
  set_handler(SIG_DFL);
  interruptible = NULL;
  og_context_interrupt(context, 0);
}

void end_by_signal(void) {
  if (!interrupted) return;
  fflush(NULL);
  set_handler(SIG_DFL);
  raise((int)interrupted);
}
