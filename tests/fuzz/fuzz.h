/*
 * fuzz - what the fuzz targets share.
 *
 * A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput() in it: octets in, and a must()
 * for each thing that may never happen. Built with clang's -fsanitize=fuzzer it is a fuzzer; with
 * any compiler, and replay.c, a program that takes inputs from files.
 *
 * A function of the real program's is replaced at link time: the Makefile's WRAP_NAME lists it, and
 * the target defines __wrap_FUNCTION(), declared by FAKE(FUNCTION) so that it can't differ from the
 * header.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
__attribute__((noreturn)) void fuzz_broken(const char *condition, const char *file, int line);

#define FAKE(function) extern __typeof__(function) __wrap_##function

/* The input, of which a target takes what it needs from the front. At the end there are zeros. */
struct fuzz {
	const char *at;
	size_t len;
	uint32_t chance; /* of fuzz_chance(), below */
};

void fuzz_init(struct fuzz *fuzz, const uint8_t *data, size_t size);
unsigned fuzz_octet(struct fuzz *fuzz);
unsigned fuzz_short(struct fuzz *fuzz);

/* The text up to a line "%%", which is taken, too; else all that is left. */
struct fuzz_text {
	char *at; /* len octets in an allocation of just this size, then not even a NUL */
	size_t len;
};
struct fuzz_text fuzz_part(struct fuzz *fuzz);
struct fuzz_text fuzz_rest(struct fuzz *fuzz);
struct fuzz_text fuzz_copy(const void *at, size_t len);
char *fuzz_string(const struct fuzz_text *text); /* up to the first NUL; the caller frees it */
void fuzz_free(struct fuzz_text *text);

/* 0 to below - 1, by what the input's octet made the seed; the same for the same input. */
unsigned fuzz_chance(struct fuzz *fuzz, unsigned below);

/* How many of `left` octets (at least 1 of 1) to hand on at once. */
size_t fuzz_piece(struct fuzz *fuzz, size_t left);

/* Octets that are collected for comparison. */
struct fuzz_sink {
	char *at;
	size_t len;
	size_t cap;
};
void fuzz_add(struct fuzz_sink *sink, const void *data, size_t len);
bool fuzz_is(const struct fuzz_sink *sink, const void *data, size_t len);
void fuzz_done(struct fuzz_sink *sink);

/* No control character, and (ascii) none over 0x7e. */
bool fuzz_is_printable(const char *text, size_t len, bool ascii);

#endif
