/*
 * id - names for sessions and messages: unguessable, unique for all practical ends, and made of
 * letters and digits only, so that they may stand in replies, headers, log lines and file names.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#define ID_SIZE 20 /* with the final NUL */

/* Time in seconds (so that ids sort by age) and 64 random bits, in lower-case base 32. */
void id_make(char out[static ID_SIZE]);

#endif
