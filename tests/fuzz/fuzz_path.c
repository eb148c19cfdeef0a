/*
 * Addresses and names of the network's: the path in MAIL and RCPT and its parameters (mail/path.h),
 * and what becomes of them in a Received field, a From_ line, a reason and the log. None of them
 * can end the line that it is put into.
 */
#include "base/fd.h"
#include "base/log.h"
#include "base/why.h"
#include "fuzz.h"
#include "mail/path.h"
#include "mail/trace.h"
#include "spool/mbox_from.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct fuzz_sink logged;

FAKE(fd_write);
int __wrap_fd_write(int fd, const void *data, size_t len)
{
	(void)fd;
	fuzz_add(&logged, data, len);
	return 0;
}

static bool is_same(const struct path *a, const struct path *b)
{
	return strcmp(a->local, b->local) == 0 && strcmp(a->domain, b->domain) == 0 &&
	       a->null == b->null && a->literal == b->literal;
}

static void check_format(const struct path *path, char text[static PATH_TEXT_SIZE])
{
	char again[PATH_TEXT_SIZE + 2] = "<";
	struct path back;
	size_t used;
	size_t len;

	path_format(path, text);
	len = strlen(text);
	must(len < PATH_TEXT_SIZE && fuzz_is_printable(text, len, true));
	memcpy(again + 1, text, len);
	again[len + 1] = '>';
	must(path_parse(again, len + 2, &back, &used) == 0 && used == len + 2);
	must(is_same(path, &back));
}

/* text: what a session would hand on; "" where there is no path. Returns how much of in it took. */
static size_t check_path(const struct fuzz_text *in, char text[static PATH_TEXT_SIZE])
{
	struct path path;
	size_t used;
	int err = path_parse(in->at, in->len, &path, &used);

	*text = '\0';
	must(err == 0 || err == -EINVAL || err == -E2BIG || err == -EILSEQ);
	if (err < 0)
		return 0;
	must(used >= 2 && used <= in->len && in->at[used - 1] == '>');
	must(memchr(path.local, 0, sizeof(path.local)) &&
		memchr(path.domain, 0, sizeof(path.domain)));
	must(fuzz_is_printable(path.local, strlen(path.local), true));
	must(fuzz_is_printable(path.domain, strlen(path.domain), true));
	must(path.null == (!*path.local && !*path.domain));
	check_format(&path, text);
	return used;
}

static void check_params(const char *at, const char *end)
{
	struct path_param param;
	const char *before = at;
	int found;

	while ((found = path_param_next(&at, end, &param)) > 0) {
		must(at > before && at <= end && param.keyword >= before && param.keyword_len > 0);
		must(param.keyword + param.keyword_len <= at);
		must(!param.value || (param.value > param.keyword && param.value_len > 0 &&
					     param.value + param.value_len == at));
		must(fuzz_is_printable(param.keyword, (size_t)(at - param.keyword), true));
		must(!memchr(param.keyword, ' ', (size_t)(at - param.keyword)));
		before = at;
	}
	must(found == 0 ? at == end : found == -EINVAL && at >= before && at <= end);
}

static void check_trace(const char *helo, const char *recipient)
{
	const struct trace trace = {.helo = helo,
		.origin = "local pipe",
		.uid = (uid_t)-1,
		.hostname = "mail.example.org",
		.protocol = "ESMTP",
		.id = "0123456789abcdef",
		.recipient = *recipient ? recipient : NULL};
	struct buf buf;
	size_t lines = 0;

	buf_init(&buf, 4096);
	must(trace_received(&buf, &trace) == 0);
	for (size_t i = 0; i < buf.len; i++) {
		unsigned char c = (unsigned char)buf.at[i];

		must(c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f));
		must(c != '\t' || buf.at[i - 1] == '\n');
		must(c != '\n' || i + 1 == buf.len || buf.at[i + 1] == '\t');
		lines += c == '\n';
	}
	must(lines == (*recipient ? 4 : 3) && buf.at[buf.len - 1] == '\n');
	buf_done(&buf);
}

static void check_from_line(const char *sender)
{
	char line[MBOX_FROM_MAX];
	size_t len = mbox_from_make(sender, 0, line);

	must(len > 0 && len < sizeof(line) && line[len - 1] == '\n');
	must(fuzz_is_printable(line, len - 1, false) && mbox_from_is_line(line, len - 1));
}

static void check_why(const char *text)
{
	struct why why;

	must(why_set(&why, EINVAL, WHY_PERM, "5.1.1", "%s", text) == -EINVAL);
	must(memchr(why.text, 0, sizeof(why.text)));
	must(fuzz_is_printable(why.text, strlen(why.text), false));
}

/* KEY=word or KEY="words", as whoever reads the log takes it apart. Returns what follows, or NULL.
 */
static const char *skip_field(const char *at, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(at, key, len) != 0 || at[len] != '=')
		return NULL;
	at += len + 1;
	return *at == '"' ? at + 1 + strcspn(at + 1, "\"") + 1 : at + strcspn(at, " =\"\n");
}

static void check_log(const char *text)
{
	static const char *const keys[] = {"EVENT", "SENDER", "REASON"};
	const char *at;

	logged.len = 0;
	log_event(LOG_INFO, "event", LOG_SENDER, text, LOG_REASON, text, LOG_END);
	must(logged.len > 0 && logged.at[logged.len - 1] == '\n');
	must(fuzz_is_printable(logged.at, logged.len - 1, true));
	fuzz_add(&logged, "", 1);
	at = strstr(logged.at, "]:") + 2;
	for (size_t i = 0; i < (*text ? 3 : 1); i++) {
		must(*at == ' ');
		at = skip_field(at + 1, keys[i]);
		must(at != NULL);
	}
	must(strcmp(at, "\n") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_text in;
	char recipient[PATH_TEXT_SIZE];
	char *text;
	size_t used;

	fuzz_init(&fuzz, data, size);
	in = fuzz_rest(&fuzz);
	text = fuzz_string(&in);
	used = check_path(&in, recipient);
	check_params(in.at + used, in.at + in.len);
	check_trace(text, recipient);
	check_from_line(text);
	check_from_line(recipient);
	check_why(text);
	check_log(text);
	free(text);
	fuzz_free(&in);
	return 0;
}
