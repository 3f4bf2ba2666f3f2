/* Whether a test is compiled with the address or the thread sanitizer, under which everything takes ten times
 * as long and has frames several times as large. What a count shows in numbers is shown by the plain build;
 * sanitizers look at how memory and threads are used, which fewer repetitions use as well. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
