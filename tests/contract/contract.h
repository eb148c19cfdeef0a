/*
 * contract - what every store of libspool has to do, tested through spool.h alone.
 *
 * contract.c has the table of stores: a new one is a line in it. Each test runs for each store, in
 * a place of its own: an empty folder, in it `state`, and a mailbox that does not exist yet.
 */
#ifndef TESTS_CONTRACT_H
#define TESTS_CONTRACT_H

#include "../unit/unit.h"

#include "spool/spool.h"

#include <stdbool.h>

/* Of the test that is running. */
extern struct spool_place place;
extern struct why why;   /* of the last call that failed */
extern char path[4000];  /* the mailbox's, without the store's prefix */
extern char folder[256]; /* all that is made is in here */

struct text {
	char *at;
	size_t len;
};

#define TEXT(literal) ((struct text){(char[]){literal}, sizeof(literal) - 1})

/* Printed into memory that lives as long as the test. */
__attribute__((format(printf, 1, 2))) struct text text_of(const char *fmt, ...);

/* So many octets, likewise. */
struct text text_new(size_t len);

/* The trace fields that deliver() has added, then `message` (with LF line ends) and what ends its
 * last line. */
struct text as_delivered(struct text message);

/* Octets that a POP3 session sends for it: a naive count. */
uint64_t wire_octets(struct text text);

void assert_text(struct text got, struct text wanted);

/* A file with this in it, open. */
int file_of(struct text text);

/* From sender@example.net to rcpt@example.org. deliver() must succeed. */
int try_deliver(struct text message);
void deliver(struct text message);

/* Message number n, with nothing but this Subject and a body. */
struct text numbered(unsigned n);
void deliver_numbered(unsigned first, unsigned count);

struct spool *must_open(void);
struct text must_read(struct spool *spool, size_t n);

/* How many messages there are, in a session of its own. */
size_t count_now(void);

/* The number in a message that numbered() has made. It must be whole. */
unsigned number_of(struct spool *spool, size_t n);

/* The mailbox has these numbered messages, in this order, and no others. */
void assert_numbers(const unsigned *numbers, size_t count);

/* Remove these from an open spool: a list that ends in -1. */
int try_remove(struct spool *spool, const int *numbers);

/* Run work() in a process of its own; wait for it: it must have returned 0. */
pid_t start(int (*work)(unsigned), unsigned argument);
void finish(pid_t pid);

/* One file of tests: its rows. */
struct contract_test {
	const char *name;
	void (*run)(void **state);
};
extern const struct contract_test tests_delivery[], tests_reading[], tests_removal[],
	tests_sharing[], tests_refusal[], tests_repair[];

#endif
