/* incoming - see incoming.h. Addresses and octets come from anybody. */
#include "incoming.h"

#include "base/fd.h"

#include <string.h>

/* On the stack, each page of which is a fault in a process that was just forked. */
#define READ_SIZE (16UL * 1024)

struct out {
	encode_sink *sink;
	void *context;
};

static int put(const struct out *out, const char *text)
{
	return out->sink(out->context, text, strlen(text));
}

/* A trace field with an address from the network in it: it must stay one line. */
static int put_field(const struct out *out, const char *name, const char *before,
	const char *address, const char *after)
{
	int err = put(out, name);

	if (!err)
		err = put(out, before);
	for (; !err && *address; address++) {
		bool control = (unsigned char)*address < ' ' || *address == 0x7f;

		err = out->sink(out->context, control ? "-" : address, 1);
	}
	return err ? err : put(out, after);
}

static int put_trace(const struct out *out, const struct spool_envelope *envelope)
{
	int err = put_field(out, "Return-Path: ", "<", envelope->sender, ">\n");

	if (!err && envelope->recipient)
		err = put_field(out, "Delivered-To: ", "", envelope->recipient, "\n");
	return err;
}

static int put_message(const struct incoming *incoming, enum spool_form form, const struct out *out)
{
	struct encode encode;
	char text[READ_SIZE];
	uint64_t offset = 0;
	ssize_t len;

	encode_init(&encode, form, out->sink, out->context);
	if (incoming->rewrite) {
		encode.dropped = incoming->rewrite->dropped;
		encode.is_exact = true;
	}
	do {
		uint64_t left = incoming->size - offset;
		int err;

		len = fd_pread(incoming->fd, text,
			left < sizeof(text) ? (size_t)left : sizeof(text), offset);
		err = len > 0 ? encode_text(&encode, text, (size_t)len) : 0;
		if (err)
			return err;
		offset += len > 0 ? (uint64_t)len : 0;
	} while (len > 0 && offset < incoming->size);
	return len < 0 ? (int)len : encode_end(&encode);
}

int incoming_put(
	const struct incoming *incoming, enum spool_form form, encode_sink *sink, void *context)
{
	struct out out = {.sink = sink, .context = context};
	int err = incoming->rewrite ? put(&out, incoming->rewrite->front)
				    : put_trace(&out, incoming->envelope);

	return err ? err : put_message(incoming, form, &out);
}
