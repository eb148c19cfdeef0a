/* TLS between this server and another client: what is agreed on, with which certificate; sessions
 * resumed; handshakes that come to nothing. */
#include "base/clock.h"
#include "tls_peer.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ONLY_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define ONLY_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* One handshake, closed again at once. The server's result. */
static int shake(struct tls_server *server, struct tls_peer *peer, const unsigned char *key,
	char description[static TLS_NAME_SIZE], struct why *why)
{
	struct stream stream;
	struct tls *tls = NULL;
	int err;

	tls_peer_start(peer, &stream, true);
	err = tls_accept(server, &stream, key, clock_ms() + 10000, &tls, why);
	description[0] = '\0';
	if (!err) {
		strcpy(description, tls_description(tls));
		assert_string_equal(tls_cipher_suite(tls), strchr(description, ' ') + 1);
		assert_int_equal(tls_is_resumed(tls), tls_is_resumed(tls));
	}
	tls_close(&tls);
	tls_peer_hang_up(&stream);
	tls_peer_join(peer);
	return err;
}

static const struct {
	const char *client;
	const char *agreed; /* "": nothing */
	const char *subject;
	int alert;
} agreements[] = {
	{"NORMAL", "TLS1.3 TLS_AES_256_GCM_SHA384", "ecdsa.test", -1},
	{ONLY_1_3 ":-CIPHER-ALL:+AES-128-GCM", "TLS1.3 TLS_AES_128_GCM_SHA256", "ecdsa.test", -1},
	{ONLY_1_3 ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256", "TLS1.3 TLS_AES_256_GCM_SHA384",
		"rsa.test", -1},
	{ONLY_1_3 ":-GROUP-ALL:+GROUP-SECP384R1", "TLS1.3 TLS_AES_256_GCM_SHA384", "ecdsa.test",
		-1},
	{ONLY_1_2, "TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ecdsa.test", -1},
	{ONLY_1_2 ":-KX-ALL:+ECDHE-RSA", "TLS1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "rsa.test",
		-1},
	/* The server's order counts, not the client's. */
	{"NONE:+VERS-TLS1.2:+MAC-ALL:+SIGN-ALL:+GROUP-ALL:+COMP-ALL:+CTYPE-ALL:+ECDHE-ECDSA:+ECDHE-"
	 "RSA:"
	 "+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM",
		"TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ecdsa.test", -1},
	/* Not any more. */
	{"NORMAL:-VERS-ALL:+VERS-TLS1.1", "", "", GNUTLS_A_PROTOCOL_VERSION},
	{"NORMAL:-VERS-ALL:+VERS-TLS1.0", "", "", GNUTLS_A_PROTOCOL_VERSION},
	{ONLY_1_2 ":-KX-ALL:+RSA", "", "", GNUTLS_A_HANDSHAKE_FAILURE},
	{ONLY_1_2 ":-KX-ALL:+DHE-RSA", "", "", GNUTLS_A_HANDSHAKE_FAILURE},
	{ONLY_1_2 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC", "", "", GNUTLS_A_HANDSHAKE_FAILURE},
	{ONLY_1_2 ":-SIGN-ALL:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1", "", "", GNUTLS_A_HANDSHAKE_FAILURE},
	{ONLY_1_3 ":-GROUP-ALL:+GROUP-FFDHE2048", "", "", GNUTLS_A_HANDSHAKE_FAILURE},
};

static void test_agreements(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "rsa", "ecdsa", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(agreements); i++) {
		struct tls_peer peer = {.priorities = agreements[i].client};
		char description[TLS_NAME_SIZE];
		struct why why = {0};
		int err = shake(server, &peer, NULL, description, &why);

		print_message("# %s: %s %s\n", agreements[i].client, description, why.text);
		assert_string_equal(description, agreements[i].agreed);
		assert_string_equal(peer.subject, agreements[i].subject);
		assert_int_equal(peer.alert, agreements[i].alert);
		assert_int_equal(err, agreements[i].agreed[0] ? 0 : -EPROTO);
		assert_int_equal(why.text[0] == '\0', err == 0);
	}
	tls_server_free(&server);
	assert_null(server);
}

/* Priorities that ask for more than ours get it, but nothing older than TLS 1.2. */
static void test_priorities(void **state)
{
	static const char *const old[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.0"};
	struct tls_server *server =
		tls_server_of("LEGACY:+VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", "rsa", NULL);
	struct tls_peer peer = {.priorities = ONLY_1_2 ":-CIPHER-ALL:+AES-256-CBC"};
	char description[TLS_NAME_SIZE];
	struct why why = {0};

	(void)state;
	assert_int_equal(shake(server, &peer, NULL, description, &why), 0);
	assert_string_equal(description, "TLS1.2 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");
	for (size_t i = 0; i < COUNT(old); i++) {
		peer.priorities = old[i];
		assert_int_equal(shake(server, &peer, NULL, description, &why), -EPROTO);
		assert_int_equal(peer.alert, GNUTLS_A_PROTOCOL_VERSION);
	}
	tls_server_free(&server);
}

static const struct {
	const char *priorities;
	const char *name;
	const char *subject;
} names[] = {
	{ONLY_1_3, NULL, "ecdsa.test"},
	{ONLY_1_3, "mail.example.org", "ecdsa.test"},
	{ONLY_1_3, "MAIL.Example.ORG", "ecdsa.test"},
	{ONLY_1_3, "other.example.net", "other.test"},
	{ONLY_1_2, "other.example.net", "other.test"},
	{ONLY_1_3, "OTHER.example.net", "other.test"},
	{ONLY_1_3, "a.wild.example.net", "other.test"},
	{ONLY_1_3, "a.b.wild.example.net", "ecdsa.test"},
	{ONLY_1_3, "nobody.example.com", "ecdsa.test"},
	{ONLY_1_2 ":-KX-ALL:+ECDHE-RSA", "mail.example.org", "rsa.test"},
	{ONLY_1_2 ":-KX-ALL:+ECDHE-RSA", NULL, "rsa.test"},
};

static void test_names(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "ecdsa", "other", "rsa", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct tls_peer peer = {.priorities = names[i].priorities, .name = names[i].name};
		char description[TLS_NAME_SIZE];
		struct why why;

		print_message("# %s\n", names[i].name ? names[i].name : "-");
		assert_int_equal(shake(server, &peer, NULL, description, &why), 0);
		assert_string_equal(peer.subject, names[i].subject);
	}
	tls_server_free(&server);
}

static void test_chain(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "chain", NULL);
	struct tls_peer peer = {0};
	char description[TLS_NAME_SIZE];
	struct why why;

	(void)state;
	assert_int_equal(shake(server, &peer, NULL, description, &why), 0);
	assert_string_equal(peer.subject, "chain.test");
	assert_int_equal(peer.chain, 2);
	tls_server_free(&server);
}

/* Read to the end, so that the tickets have come; keep the session. */
static void keep_session(struct tls_peer *peer)
{
	peer->result = tls_peer_is_closed(peer);
	if (gnutls_session_get_data2(peer->session, &peer->data) < 0)
		peer->data.data = NULL;
}

struct resumption {
	const char *priorities;
	const unsigned char *first; /* the keys of both connections */
	const unsigned char *second;
	bool resumed;
};

static const unsigned char one[TLS_TICKET_KEY_SIZE] = {1};
static const unsigned char two[TLS_TICKET_KEY_SIZE] = {2};

static const struct resumption resumptions[] = {
	{ONLY_1_3, one, one, true},
	{ONLY_1_3, one, two, false}, /* another service's key, or a later one */
	{ONLY_1_3, one, NULL, false}, {ONLY_1_3, NULL, one, false},
	{ONLY_1_2, one, one, false}, /* no tickets in TLS 1.2 */
};

static void check_resumption(struct tls_server *server, const struct resumption *resumption)
{
	struct tls_peer first = {.priorities = resumption->priorities, .talk = keep_session};
	struct tls_peer second = {
		.priorities = resumption->priorities, .talk = keep_session, .ticket = &first.data};
	char description[TLS_NAME_SIZE];
	struct why why;

	assert_int_equal(shake(server, &first, resumption->first, description, &why), 0);
	assert_false(first.is_resumed);
	assert_non_null(first.data.data);
	assert_int_equal(shake(server, &second, resumption->second, description, &why), 0);
	assert_int_equal(second.is_resumed, resumption->resumed);
	gnutls_free(first.data.data);
	gnutls_free(second.data.data);
}

static void test_resumption(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "ecdsa", NULL);
	/* As if it were another process: nothing but the key is shared. */
	struct tls_server *other = tls_server_of(NULL, "ecdsa", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(resumptions); i++)
		check_resumption(i % 2 ? other : server, &resumptions[i]);
	tls_server_free(&server);
	tls_server_free(&other);
}

/* A client that sends these octets and then nothing, or leaves. */
static const struct {
	const char *octets;
	size_t len;
	bool leaves;
	int err;
} strangers[] = {
	{"", 0, false, -ETIMEDOUT}, {"", 0, true, -ECONNRESET}, {"\x16", 1, false, -ETIMEDOUT},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, false, -ETIMEDOUT},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, true, -ECONNRESET},
	{"EHLO example.org\r\nMAIL FROM:<>\r\n", 32, false, -EPROTO},
	{"GET / HTTP/1.1\r\n\r\n", 18, false, -EPROTO},
	{"\x80\x09\x01\x00\x02\x00\x00\x00\x00\x00\x00", 11, false, -EPROTO}, /* SSL 2 */
	{"\x15\x03\x01\x00\x02\x02\x28", 7, false, -EPROTO},                  /* an alert */
	{"\x17\x03\x03\x00\x05hello", 10, false, -EPROTO},                    /* data */
	{"\x16\x03\x01\xff\xff", 5, false, -EPROTO},                 /* too long a record */
	{"\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9, false, -EPROTO}, /* the server's part */
};

static void test_strangers(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "ecdsa", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++) {
		int64_t begun = clock_ms();
		struct stream stream;
		struct tls *tls = NULL;
		struct why why = {0};
		int pair[2];
		int err;

		print_message("# stranger %zu\n", i);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(stream_init(&stream, pair[0], pair[0], true, begun + 30000), 0);
		assert_int_equal(
			write(pair[1], strangers[i].octets, strangers[i].len), strangers[i].len);
		if (strangers[i].leaves)
			close(pair[1]);
		err = tls_accept(server, &stream, NULL, begun + 100, &tls, &why);
		print_message("#   %s\n", why.text);
		assert_int_equal(err, strangers[i].err);
		assert_null(tls);
		assert_true(why.text[0] != '\0');
		assert_true(clock_ms() - begun < 5000);
		tls_close(&tls); /* of nothing: nothing */
		tls_peer_hang_up(&stream);
		if (!strangers[i].leaves)
			close(pair[1]);
	}
	tls_server_free(&server);
}

/* The beginning of a hello that would be fine, but an octet each 10 ms. */
static void *drip(void *context)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
	const int *fd = context;
	size_t i = 0;

	while (send(*fd, i < sizeof(hello) - 1 ? &hello[i] : "x", 1, MSG_NOSIGNAL) == 1) {
		i++;
		usleep(10000);
	}
	return NULL;
}

/* A hello of 16 MB. */
static void *flood(void *context)
{
	static const char record[5 + 16384] = "\x16\x03\x01\x40\x00\x01\xff\xff\xff";
	const int *fd = context;
	intptr_t sent = 0;

	while (send(*fd, record, sizeof(record), MSG_NOSIGNAL) > 0)
		sent += (intptr_t)sizeof(record);
	return (void *)sent; // NOLINT
}

/* What a stranger does for as long as it is let; the server's result. */
static int suffer(void *(*stranger)(void *), int64_t patience, void **result)
{
	struct tls_server *server = tls_server_of(NULL, "ecdsa", NULL);
	int64_t begun = clock_ms();
	struct stream stream;
	struct tls *tls;
	struct why why;
	pthread_t thread;
	int pair[2];
	int err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(stream_init(&stream, pair[0], pair[0], true, begun + 30000), 0);
	assert_int_equal(pthread_create(&thread, NULL, stranger, &pair[1]), 0);
	err = tls_accept(server, &stream, NULL, begun + patience, &tls, &why);
	assert_in_range(clock_ms() - begun, 0, patience + 5000);
	tls_peer_hang_up(&stream);
	pthread_join(thread, result);
	close(pair[1]);
	tls_server_free(&server);
	return err;
}

static void test_drip(void **state)
{
	(void)state;
	assert_int_equal(suffer(drip, 300, NULL), -ETIMEDOUT);
}

static void test_flood(void **state)
{
	void *sent;

	(void)state;
	assert_int_equal(suffer(flood, 10000, &sent), -EPROTO);
	assert_in_range((intptr_t)sent, 16384, 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agreements),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_flood),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
