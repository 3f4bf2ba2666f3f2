/* Axes: their range, ticks at 1-2-5 multiples or decades, and the texts beside them. */
#include "io/plot.h"

#include <math.h>
#include <string.h>

/* Differences of plotted values must not overflow. */
#define LARGEST 1e300

int og_scale_holds(int log, double value) {
  return log ? value > 1e-300 && value < LARGEST : fabs(value) < LARGEST;
}

double og_scale_position(const og_scale *scale, double value) {
  double u = scale->log ? log10(value) : value;
  return scale->from + (u - scale->low) / (scale->high - scale->low) * (scale->to - scale->from);
}

/* ---- Texts ---- */

static void replace_minus(const char *number, char text[OG_TICK_TEXT]) {
  snprintf(text, OG_TICK_TEXT, "%s%s", *number == '-' ? "\u2212" : "", number + (*number == '-'));
}

static void append_power(char text[OG_TICK_TEXT], int power) {
  static const char *const digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                       "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  char plain[16];
  size_t used = strlen(text);
  snprintf(plain, sizeof plain, "%d", power < 0 ? -power : power);
  if (power < 0) used += (size_t)snprintf(text + used, OG_TICK_TEXT - used, "\u207b");
  for (char *c = plain; *c && used + 4 < OG_TICK_TEXT; c++)
    used += (size_t)snprintf(text + used, OG_TICK_TEXT - used, "%s", digits[*c - '0']);
}

/* Digits after the point; all labels of an axis have the same number of them. */
static void pad_decimals(char number[OG_NUMBER_SIZE], int decimals) {
  char *point = strchr(number, '.');
  size_t length = strlen(number);
  if (decimals <= 0 || strchr(number, 'e')) return;
  size_t present = point ? strlen(point + 1) : 0;
  if (!point) number[length++] = '.';
  for (; present < (size_t)decimals && length + 1 < OG_NUMBER_SIZE; present++) number[length++] = '0';
  number[length] = '\0';
}

/* ---- Ticks ---- */

static og_tick *add_tick(og_scale *scale, double value) {
  if (scale->tick_count == OG_TICKS_MAX) return NULL;
  og_tick *tick = &scale->ticks[scale->tick_count++];
  tick->value = value;
  tick->text[0] = '\0';
  return tick;
}

/* The largest of 1, 2, 5 times a power of ten that is not above `step`. */
static void round_step(double step, int *digit, int *power) {
  *power = (int)floor(log10(step));
  double mantissa = step / pow(10, *power);
  *digit = mantissa < 1.99 ? 1 : mantissa < 4.99 ? 2 : 5;
}

/* digit * 10^power correctly rounded for the powers that are exact, so that its shortest spelling is the
 * short one. */
static double decimal(double digit, int power) {
  return power < 0 ? digit / pow(10, -power) : digit * pow(10, power);
}

/* Large and small numbers are written as a multiple of a power of ten common to the axis. */
static void linear_text(double multiple, int power, int common, char text[OG_TICK_TEXT]) {
  char number[OG_NUMBER_SIZE] = "0";
  if (multiple != 0) og_format_real(decimal(multiple, power - common), number);
  if (multiple != 0 || common == 0) pad_decimals(number, common - power);
  replace_minus(number, text);
  if (common == 0 || multiple == 0) return;
  size_t used = strlen(text);
  snprintf(text + used, OG_TICK_TEXT - used, "\u00d710");
  append_power(text, common);
}

/* From the first multiple of the step in [low, high]: the values as they are, also on a short logarithmic
 * axis. */
static void linear_ticks(og_scale *scale, double low, double high, int wanted) {
  int digit, power;
  round_step((high - low) / wanted * 1.5, &digit, &power);
  double step = decimal(digit, power), slack = (high - low) * 1e-9;
  double largest = fmax(fabs(low), fabs(high));
  int common = largest >= 1e6 || largest < 1e-3 ? (int)floor(log10(largest)) : 0;
  for (double k = ceil((low - slack) / step); k * step <= high + slack; k++) {
    og_tick *tick = add_tick(scale, decimal(k * digit, power));
    if (!tick) return;
    linear_text(k * digit, power, common, tick->text);
  }
}

/* The text of digit * 10^power: in full when `plain`, else as a power of ten. */
static void log_text(int digit, int power, int plain, char text[OG_TICK_TEXT]) {
  char number[OG_NUMBER_SIZE];
  og_format_real(decimal(digit, power), number);
  snprintf(text, OG_TICK_TEXT, "%s", plain ? number : "10");
  if (!plain) append_power(text, power);
}

/* Decades are labelled, every few of them when they are many. Where they are few, the digits between get a
 * tick, and over at most two decades 2 and 5 a label. */
static void log_ticks(og_scale *scale, int wanted) {
  int first = (int)floor(scale->low), last = (int)ceil(scale->high),
      every = (last - first) / (wanted + 1) + 1;
  int plain = ceil(scale->low) >= -3 && floor(scale->high) <= 4, digits = last - first <= 3 ? 9 : 1,
      close = scale->high - scale->low <= 2.2;
  for (int power = first; power <= last; power++) {
    for (int digit = 1; digit <= digits; digit++) {
      double place = power + log10(digit);
      if (place < scale->low - 1e-9 || place > scale->high + 1e-9 || power % every != 0) continue;
      og_tick *tick = add_tick(scale, decimal(digit, power));
      if (tick && (digit == 1 || (close && plain && (digit == 2 || digit == 5))))
        log_text(digit, power, plain, tick->text);
    }
  }
}

/* On an axis of about a decade, labels as even as round numbers allow: of each rank those that are far enough
 * from all before. Returns how many there are. */
static size_t label_evenly(og_scale *scale, const int *digits, int power, size_t labels, int wanted) {
  const double NEAREST = 0.7; /* of what even labels would be apart */
  double apart = NEAREST * (scale->high - scale->low) / wanted;
  for (; *digits; digits++) {
    double place = power + log10(*digits);
    int free = place >= scale->low - 1e-9 && place <= scale->high + 1e-9;
    for (size_t i = 0; i < scale->tick_count && free; i++)
      free = !scale->ticks[i].text[0] || fabs(place - log10(scale->ticks[i].value)) >= apart;
    og_tick *tick = free ? add_tick(scale, decimal(*digits, power)) : NULL;
    if (!tick) continue;
    if (scale->low >= -3 && scale->high <= 4)
      log_text(*digits, power, 1, tick->text);
    else
      linear_text(*digits, power, power + (*digits >= 10), tick->text);
    labels++;
  }
  return labels;
}

static void sort_ticks(og_scale *scale) {
  for (size_t i = 1; i < scale->tick_count; i++)
    for (size_t k = i; k > 0 && scale->ticks[k].value < scale->ticks[k - 1].value; k--) {
      og_tick tick = scale->ticks[k];
      scale->ticks[k] = scale->ticks[k - 1], scale->ticks[k - 1] = tick;
    }
}

/* 0 when round numbers are too few, and the ticks of a linear axis are as good. */
static int short_log_ticks(og_scale *scale, int wanted) {
  static const int ranks[][8] = {{1}, {5, 2}, {3, 7}, {4, 6, 8, 9}, {15, 25, 12}, {35, 45}};
  enum { ENOUGH = 3, RANKS = sizeof ranks / sizeof ranks[0], TENTHS = 4 };
  size_t labels = 0;
  int first = (int)floor(scale->low), last = (int)floor(scale->high);
  for (size_t k = 0; k < RANKS; k++)
    for (int power = first; power <= last; power++)
      labels = label_evenly(scale, ranks[k], power - (k >= TENTHS), labels, wanted);
  if (labels < ENOUGH) scale->tick_count = 0;
  for (int power = first; power <= last && labels >= ENOUGH; power++)
    for (int digit = 1; digit <= 9; digit++) {
      double place = power + log10(digit);
      if (place >= scale->low - 1e-9 && place <= scale->high + 1e-9) add_tick(scale, decimal(digit, power));
    }
  sort_ticks(scale);
  return labels >= ENOUGH;
}

/* ---- Ranges ---- */

/* A single value, or values that no label could tell apart, get a range around them. */
static void widen(double *low, double *high, int log) {
  double size = fmax(fabs(*low), fabs(*high));
  if (*high - *low > 1e-9 * (log ? fmax(size, 1) : size)) return;
  double half = log ? 0.5 : size > 0 ? 0.1 * size : 1;
  *low -= half;
  *high += half;
}

void og_scale_fit(og_scale *scale, int log, double lowest, double highest, double margin, int wanted) {
  *scale = (og_scale){.log = log, .to = 1};
  double low = log ? log10(lowest) : lowest, high = log ? log10(highest) : highest;
  widen(&low, &high, log);
  double pad = margin * (high - low);
  const double SHORT = 1.2; /* decades, with margins */
  /* Data that are nowhere negative and come near zero stand on it. */
  int from_zero = !log && margin > 0 && lowest >= 0 && low - pad < 0.2 * high;
  scale->low = from_zero ? 0 : low - pad;
  scale->high = high + pad;
  if (log && scale->high - scale->low >= SHORT)
    log_ticks(scale, wanted);
  else if (log && short_log_ticks(scale, wanted))
    return;
  else if (log)
    linear_ticks(scale, pow(10, scale->low), pow(10, scale->high), wanted);
  else
    linear_ticks(scale, scale->low, scale->high, wanted);
}
