/*
 * kill - a process that is killed at some write: from then on nothing that it does changes the
 * disk, and the write itself may be torn. Takes the place of the calls that libspool changes files
 * with.
 */
#ifndef TESTS_FUZZ_KILL_H
#define TESTS_FUZZ_KILL_H

#include "fuzz.h"

/* Where a write is torn is chance. tight: the disk has little room, so that a removal goes in small
 * pieces. */
void kill_set_up(struct fuzz *fuzz, bool tight);

/* The kill comes at the so manyth change from now on; 0: never. */
void kill_at(unsigned writes);

/* It is the next process's turn. Did the kill come? */
bool kill_over(void);

#endif
