/* crlf - see crlf.h. Runs of plain octets are found with memchr and copied whole. */
#include "mail/crlf.h"

#include <string.h>

void crlf_init(struct crlf *crlf)
{
	*crlf = (struct crlf){.at_start = true};
}

/* How many octets from in[0..len) can be copied as they are: up to a CR or LF. */
static size_t plain_run(const char *in, size_t len)
{
	const char *lf = memchr(in, '\n', len);
	const char *cr;

	if (lf)
		len = (size_t)(lf - in);
	cr = memchr(in, '\r', len);
	return cr ? (size_t)(cr - in) : len;
}

void crlf_run(struct crlf *crlf, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len)
{
	size_t used = 0;
	size_t put = 0;

	while (used < in_len && out_max - put >= 4) {
		size_t run;

		if (in[used] == '\n') { /* LF or CRLF: a line end either way */
			out[put++] = '\r';
			out[put++] = '\n';
			crlf->held_cr = false;
			crlf->at_start = true;
			used++;
			continue;
		}
		if (crlf->held_cr) { /* no LF came: the CR was content */
			out[put++] = '\r';
			crlf->held_cr = false;
			crlf->at_start = false;
			continue;
		}
		if (in[used] == '\r') {
			crlf->held_cr = true;
			used++;
			continue;
		}
		if (crlf->at_start && in[used] == '.')
			out[put++] = '.';
		crlf->at_start = false;
		run = plain_run(in + used, in_len - used);
		if (run > out_max - put)
			run = out_max - put;
		memcpy(out + put, in + used, run);
		put += run;
		used += run;
	}
	*in_used = used;
	*out_len = put;
}

size_t crlf_finish(struct crlf *crlf, char out[static 8])
{
	size_t put = 0;

	if (crlf->held_cr) {
		out[put++] = '\r';
		crlf->at_start = false;
	}
	if (!crlf->at_start) {
		out[put++] = '\r';
		out[put++] = '\n';
	}
	out[put++] = '.';
	out[put++] = '\r';
	out[put++] = '\n';
	crlf_init(crlf);
	return put;
}
