/*
 * mbox_inspect_lines - what an mbox's lines tell of its health: octets in, findings out.
 *
 * Of a line no more is held than may be a From_ line. The reading is stricter than mbox_scan.h's,
 * which takes what it gets; what begins a message is the same, but that NULs in a row count as if
 * they were not there. So what is found is what there is to mend, and what mend_plan.h makes of it
 * leaves nothing to be found.
 */
#ifndef SPOOL_MBOX_INSPECT_LINES_H
#define SPOOL_MBOX_INSPECT_LINES_H

#include "mbox_from.h"
#include "spool.h"

/* What is in front of the first From_ line. */
enum mbox_inspect_front {
	MBOX_INSPECT_NO_FRONT,
	MBOX_INSPECT_FIELDS, /* nothing but a header's fields so far */
	MBOX_INSPECT_TEXT,   /* no message's begin */
};

struct mbox_inspect_lines {
	/* Called with each finding, not in order: what is in front of the first From_ line is told
	 * when that is known. `lines` has read all up to the line that decides. */
	void (*found)(void *context, const struct mbox_inspect_lines *lines,
		const struct spool_finding *finding);
	void *context;
	uint64_t lines;  /* that have ended, and a last one that has not */
	uint64_t begins; /* as in struct spool_report */
	uint64_t padding;
	uint64_t at;       /* offset of the next octet */
	uint64_t line_at;  /* where its line begins */
	uint64_t line_len; /* octets of it so far, without NULs in a row */
	uint64_t nul_at;   /* where the NULs begin that are being counted */
	uint64_t nuls;     /* 0: none */
	bool has_begun;    /* what is not empty */
	bool was_blank;    /* the line before */
	bool was_crlf;
	bool has_mixed; /* that is told already */
	bool at_front;  /* nothing but padding came since the From_ line */
	bool in_padding;
	bool is_doubtful;              /* the line before: told if a header follows */
	struct spool_finding doubtful; /* as what */
	enum mbox_inspect_front front;
	struct spool_finding no_from; /* what to tell of it */
	char last;                    /* octet of the line so far */
	size_t head_len;              /* of the line; at most what head holds */
	char head[MBOX_FROM_MAX + 1];
};

void mbox_inspect_lines_begin(struct mbox_inspect_lines *lines,
	void (*found)(void *context, const struct mbox_inspect_lines *lines,
		const struct spool_finding *finding),
	void *context);
void mbox_inspect_lines_feed(struct mbox_inspect_lines *lines, const char *text, size_t len);
void mbox_inspect_lines_end(struct mbox_inspect_lines *lines);

#endif
