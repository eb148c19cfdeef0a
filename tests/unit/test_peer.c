/* Who counts as the holder of a pipe, and who as a peer from a network: a log-in without password
 * hangs on it. */
#include "io/peer.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[] = {"REMOTE_ADDR", "TCPREMOTEIP", "SSLREMOTEIP", "REMOTE_HOST",
	"NCAT_REMOTE_ADDR", "SOCAT_PEERADDR", "PROTO"};

static int clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	return 0;
}

static void test_pipe(void **state)
{
	struct peer peer;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	peer_learn(&peer, fds[0], fds[1]);
	assert_true(peer.pipe && peer.local && !peer.network);
	assert_int_equal(peer.uid, getuid());
	assert_string_equal(peer.address, "local");
	close(fds[0]);
	close(fds[1]);
}

/* A variable of the environment, and who the peer is then. */
struct example {
	const char *name;
	const char *value;
	const char *address;
	bool local;
};

static void test_wrappers(void **state)
{
	static const struct example examples[] = {
		{"REMOTE_ADDR", "192.0.2.1", "192.0.2.1", false},
		{"REMOTE_ADDR", "2001:db8::1", "2001:db8::1", false},
		{"REMOTE_ADDR", "::ffff:192.0.2.1", "192.0.2.1", false},
		{"REMOTE_ADDR", "127.0.0.1", "127.0.0.1", true},
		{"REMOTE_ADDR", "::1", "::1", true},
		{"REMOTE_ADDR", "", "unknown", false},
		{"REMOTE_ADDR", "local\nEVENT=x", "unknown", false},
		{"TCPREMOTEIP", "192.0.2.1", "192.0.2.1", false},
		{"SSLREMOTEIP", "192.0.2.1", "192.0.2.1", false},
		{"REMOTE_HOST", "host.example", "unknown", false},
		{"NCAT_REMOTE_ADDR", "192.0.2.1", "192.0.2.1", false},
		{"SOCAT_PEERADDR", "[0000:0000]", "unknown", false},
		{"PROTO", "TCP", "unknown", false},
		{"PROTO", "SSL", "unknown", false},
	};
	int fds[2];
	int pair[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < 2 * COUNT(examples); i++) {
		bool is_pipe = i % 2 == 0;
		struct peer peer;

		clean(NULL);
		setenv(examples[i / 2].name, examples[i / 2].value, 1);
		peer_learn(&peer, is_pipe ? fds[0] : pair[0], is_pipe ? fds[1] : pair[0]);
		assert_true(!peer.pipe && peer.network);
		assert_int_equal(peer.local, examples[i / 2].local);
		assert_int_equal(peer.uid, (uid_t)-1);
		assert_string_equal(peer.address, examples[i / 2].address);
	}
	close(fds[0]);
	close(fds[1]);
	close(pair[0]);
	close(pair[1]);
}

/* What systemd calls the peer of a Unix socket is no wrapper's word; beside one it doesn't count,
 * and other variables don't have that form. */
static void test_unix_names(void **state)
{
	static const struct example examples[] = {
		{"REMOTE_ADDR", "/run/client", "local", true},
		{"REMOTE_ADDR", "@client", "local", true},
		{"SOCAT_PEERADDR", "192.0.2.1", "192.0.2.1", false},
		{"SOCAT_PEERADDR", "/run/client", "unknown", false},
		{"PROTO", "TCP", "unknown", false},
	};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct peer peer;

		clean(NULL);
		setenv("REMOTE_ADDR", "/run/client", 1);
		setenv(examples[i].name, examples[i].value, 1);
		peer_learn(&peer, pair[0], pair[0]);
		assert_true(!peer.pipe && peer.network);
		assert_int_equal(peer.local, examples[i].local);
		assert_int_equal(peer.uid, examples[i].local ? getuid() : (uid_t)-1);
		assert_string_equal(peer.address, examples[i].address);
	}
	close(pair[0]);
	close(pair[1]);
}

static void test_one_socket_is_enough(void **state)
{
	struct peer peer;
	int fds[2];
	int pair[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer_learn(&peer, fds[0], pair[0]);
	assert_true(!peer.pipe && peer.network && peer.local);
	peer_learn(&peer, pair[0], fds[1]);
	assert_true(!peer.pipe && peer.network && peer.local);
	close(fds[0]);
	close(fds[1]);
	close(pair[0]);
	close(pair[1]);
}

static void test_environment_is_not_believed_on_a_socket(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct peer peer;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
	server = accept(listener, NULL, NULL);
	setenv("REMOTE_ADDR", "192.0.2.99", 1);
	setenv("TCPREMOTEIP", "192.0.2.99", 1);
	peer_learn(&peer, server, server);
	assert_true(!peer.pipe && peer.network && peer.local);
	assert_string_equal(peer.address, "127.0.0.1");
	assert_string_equal(peer.server, "127.0.0.1");
	close(listener);
	close(client);
	close(server);
}

static void test_source(void **state)
{
	char out[PEER_ADDRESS_SIZE];

	(void)state;
	peer_source("192.0.2.1", out);
	assert_string_equal(out, "192.0.2.1");
	peer_source("2001:db8:1:2:3:4:5:6", out);
	assert_string_equal(out, "2001:db8:1:2::");
	peer_source("local", out);
	assert_string_equal(out, "local");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pipe, clean, clean),
		cmocka_unit_test_setup_teardown(test_wrappers, clean, clean),
		cmocka_unit_test_setup_teardown(test_unix_names, clean, clean),
		cmocka_unit_test_setup_teardown(test_one_socket_is_enough, clean, clean),
		cmocka_unit_test_setup_teardown(
			test_environment_is_not_believed_on_a_socket, clean, clean),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
