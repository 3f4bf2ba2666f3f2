/* A note about events that never happened in a run, once. */
#ifndef OG_IDLE_H
#define OG_IDLE_H

struct og_solve;
void og_idle_tell(const struct og_solve *solve);

#endif
