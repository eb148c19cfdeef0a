/*
 * uidl_popa3d - the unique-id that popa3d 1.0.3 gives a message: half of an MD5 over what no mail
 * program changes.
 *
 * Hashed are whole lines, octet for octet, with their LF, of the first Received field, of each
 * Delivered-To and X-Delivery-ID (its X a capital one), and of Date and Message-ID in front of that
 * Received. The header ends with an empty line; one with nothing but a CR on it does not end it.
 */
#ifndef SPOOL_UIDL_POPA3D_H
#define SPOOL_UIDL_POPA3D_H

#include <md5.h>
#include <stdbool.h>
#include <stddef.h>

#define UIDL_POPA3D_LEN 16 /* hex digits */

struct uidl_popa3d {
	MD5_CTX md5;
	bool in_header;
	bool has_received; /* the last line that began with an R while there was none was one */
	bool is_judged;    /* whether this line counts is known */
	bool counts;       /* it does; or the one before it does, which it may continue */
	size_t head_len;
	char head[14]; /* what it takes to judge: "X-Delivery-ID:" */
};

/* As the functions of uidl.h. */
void uidl_popa3d_init(struct uidl_popa3d *uidl);
void uidl_popa3d_text(struct uidl_popa3d *uidl, const char *text, size_t len);
void uidl_popa3d_line_end(struct uidl_popa3d *uidl);
void uidl_popa3d_finish(struct uidl_popa3d *uidl, char out[static UIDL_POPA3D_LEN + 1]);

#endif
