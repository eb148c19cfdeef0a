/*
 * mbox_inspect_lines - what an mbox's lines tell of its health: octets in, findings out.
 *
 * Of a line no more is held than may be a From_ line. The reading is stricter than mbox_scan.h's,
 * which takes what it gets; what begins a message is the same.
 */
#ifndef SPOOL_MBOX_INSPECT_LINES_H
#define SPOOL_MBOX_INSPECT_LINES_H

#include "mbox_from.h"
#include "spool.h"

struct mbox_inspect_lines {
	const struct spool_inspector *inspector;
	struct spool_report *report;
	uint64_t at;      /* offset of the next octet */
	uint64_t line_at; /* where its line begins */
	uint64_t nul_at;  /* where the NULs begin that are being counted */
	uint64_t nuls;    /* 0: none */
	uint64_t nul_line;
	bool has_begun; /* what is not empty */
	bool was_blank; /* the line before */
	bool was_crlf;
	bool has_mixed; /* that is told already */
	bool at_front;  /* nothing but padding came since the From_ line */
	bool in_padding;
	bool is_doubtful;              /* the line before: told if a header follows */
	struct spool_finding doubtful; /* as what */
	char last;                     /* octet of the line so far */
	size_t head_len;               /* of the line; at most what head holds */
	char head[MBOX_FROM_MAX + 1];
};

void mbox_inspect_lines_begin(struct mbox_inspect_lines *lines,
	const struct spool_inspector *inspector, struct spool_report *report);
void mbox_inspect_lines_feed(struct mbox_inspect_lines *lines, const char *text, size_t len);
void mbox_inspect_lines_end(struct mbox_inspect_lines *lines);

/* Count a finding and tell it. */
void mbox_inspect_tell(const struct spool_inspector *inspector, struct spool_report *report,
	const struct spool_finding *finding);

#endif
