/*
 * jail-attempts - what a session that has been taken over would try, tried by the session itself.
 *
 * Linked with the sessions' own objects into build/test/, where the linker puts it in front of
 * jail_enter() and jail_seal(): no program that is installed has it, nor any trace of it.
 * PILLARBOX_JAIL_TRY=WHEN:NAME makes the session try NAME and end, with the outcome on standard
 * error: "done", an errno's name, or nothing, if it was killed. WHEN:
 *
 *   before   where the jail would begin: to see that what is tried is not impossible anyway
 *   inside   in the jail as the session has asked for it
 *   loading  in the jail, while TLS may still be loaded
 *   sealed   in the jail, TLS could be loaded and now no more
 *   tls      in the jail, once the session itself has sealed it
 *
 * "list" in its place prints each attempt's name, and what must come of it while loading and
 * afterwards.
 */
#include "io/jail.h"
#include "io/jail_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define PARENT  (-0x50415245L) /* stands for the parent's pid */
#define NEWBORN "/tmp/pillarbox-jail-attempt"

struct attempt {
	const char *name;
	const char *loading; /* what must come of it */
	const char *inside;
	long (*function)(void); /* -1 and errno; or none, and then */
	long number;            /* a system call */
	long arguments[6];
};

static pid_t parent;

/* A child that the attempt has made says nothing and goes. */
static long as_parent(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_fork(void)
{
	return as_parent(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
}

#ifdef __x86_64__
static long try_old_fork(void)
{
	return as_parent(syscall(SYS_fork));
}
#endif

static long try_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};

	return as_parent(syscall(SYS_clone3, &args, sizeof(args)));
}

static long try_exec_memory(void)
{
	static const char script[] = "#!/bin/true\n";
	char name[] = "x";
	char *args[] = {name, NULL};
	long fd = syscall(SYS_memfd_create, "x", 0L);

	if (fd < 0 || write((int)fd, script, sizeof(script) - 1) < 0)
		return -1;
	return syscall(SYS_execveat, fd, "", args, args + 1, (long)AT_EMPTY_PATH);
}

static long try_connect_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? fd : connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* The agent's channel is a socket: to be had again, for somewhere else? */
static long try_connect_again(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	return connect(3, (const struct sockaddr *)&address, sizeof(address));
}

static long try_send_elsewhere(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	return sendto(3, "x", 1, 0, (const struct sockaddr *)&address, sizeof(address));
}

/* What is under way counts for all processes of a user: a few would keep every other session's
 * back.
 */
static long try_send_fd(void)
{
	struct msghdr msg = {0};

	return syscall(SYS_sendmsg, 3L, &msg, 0L);
}

static long try_many_fds(void)
{
	long fd = 0;

	for (int i = 0; i < 64 && fd >= 0; i++)
		fd = syscall(SYS_memfd_create, "x", 0L);
	return fd;
}

static long try_large_file(void)
{
	long fd = syscall(SYS_memfd_create, "x", 0L);

	return fd < 0 ? fd : pwrite((int)fd, "x", 1, (off_t)1 << 40);
}

static long try_raised_limit(void)
{
	struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};

	return setrlimit(RLIMIT_NOFILE, &limit);
}

#ifdef __x86_64__
/* getpid(2) by the 32-bit entry, where numbers mean other calls. */
static long try_int80(void)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "r8", "r9", "r10", "r11", "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : result;
}
#endif

#ifdef JAIL_SANITIZED
/* What a sanitizer's report would like to do, and can do without. */
#define REPORTS "EACCES"

static long try_overflow(void)
{
	volatile size_t end = 1;
	volatile char *one = malloc(end);

	one[end] = 1;
	return 0;
}
#else
#define REPORTS "killed"
#endif

#define TEXT(text) ((long)(text))

/* clang-format off */
static const struct attempt attempts[] = {
	/* The file system. */
	{"open-read",         "EACCES", "EACCES", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/etc/passwd"), O_RDONLY}},
	{"open-write",        "killed", "killed", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/dev/null"), O_WRONLY}},
	{"open-new",          "killed", "killed", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT(NEWBORN), O_WRONLY | O_CREAT, 0600}},
	{"open-own-memory",   "killed", "killed", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/proc/self/mem"), O_RDWR}},
	{"open-own-fds",      "EACCES", "EACCES", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/proc/self/fd/0"), O_RDONLY}},
	{"open-folder",       "EACCES", "EACCES", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/"), O_RDONLY}},
	{"open-path",         "killed", "killed", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/"), O_PATH}},
	{"open-library",      "done",   "EACCES", .number = SYS_openat, .arguments = {AT_FDCWD, TEXT("/etc/ld.so.cache"), O_RDONLY}},
	{"open-how",          "killed", "killed", .number = SYS_openat2, .arguments = {AT_FDCWD, TEXT("/etc/passwd")}},
	{"open-handle",       "killed", "killed", .number = SYS_open_by_handle_at, .arguments = {AT_FDCWD}},
	{"name-handle",       "killed", "killed", .number = SYS_name_to_handle_at, .arguments = {AT_FDCWD, TEXT("/")}},
	{"stat",              "EACCES", "EACCES", .number = SYS_newfstatat, .arguments = {AT_FDCWD, TEXT("/etc/passwd")}},
#if __GLIBC_PREREQ(2, 39)
	{"stat-from-fd",      "EACCES", "EACCES", .number = SYS_newfstatat, .arguments = {AT_FDCWD, TEXT("/etc/passwd"), 0, AT_EMPTY_PATH}},
#else /* it looks, but finds no room for what it finds */
	{"stat-from-fd",      "EFAULT", "EACCES", .number = SYS_newfstatat, .arguments = {AT_FDCWD, TEXT("/etc/passwd"), 0, AT_EMPTY_PATH}},
#endif
	{"statx",             "killed", "killed", .number = SYS_statx, .arguments = {AT_FDCWD, TEXT("/etc/passwd")}},
	{"access",            "killed", "killed", .number = SYS_faccessat, .arguments = {AT_FDCWD, TEXT("/etc/passwd"), R_OK}},
	{"readlink",          REPORTS,  REPORTS, .number = SYS_readlinkat, .arguments = {AT_FDCWD, TEXT("/proc/self/exe")}},
	{"list-folder",       "killed", "killed", .number = SYS_getdents64, .arguments = {0}},
	{"unlink",            "killed", "killed", .number = SYS_unlinkat, .arguments = {AT_FDCWD, TEXT(NEWBORN)}},
	{"rename",            "killed", "killed", .number = SYS_renameat2, .arguments = {AT_FDCWD, TEXT(NEWBORN), AT_FDCWD, TEXT(NEWBORN)}},
	{"link",              "killed", "killed", .number = SYS_linkat, .arguments = {AT_FDCWD, TEXT(NEWBORN), AT_FDCWD, TEXT(NEWBORN)}},
	{"mkdir",             "killed", "killed", .number = SYS_mkdirat, .arguments = {AT_FDCWD, TEXT("/tmp")}},
	{"chmod",             "killed", "killed", .number = SYS_fchmodat, .arguments = {AT_FDCWD, TEXT(NEWBORN), 0600}},
	{"truncate",          "killed", "killed", .number = SYS_truncate, .arguments = {TEXT(NEWBORN)}},
	{"chroot",            "killed", "killed", .number = SYS_chroot, .arguments = {TEXT("/")}},
	{"mount",             "killed", "killed", .number = SYS_mount, .arguments = {TEXT("none"), TEXT("/nonexistent"), TEXT("tmpfs")}},
	{"move-mount",        "killed", "killed", .number = SYS_open_tree, .arguments = {AT_FDCWD, TEXT("/")}},
	/* Other programs and processes. */
	{"exec",              "killed", "killed", .number = SYS_execve, .arguments = {TEXT("/bin/true")}},
	{"exec-memory",       "killed", "killed", .function = try_exec_memory},
	{"fork",              "killed", "killed", .function = try_fork},
	{"clone3",            "killed", "killed", .function = try_clone3},
	{"ptrace",            "killed", "killed", .number = SYS_ptrace, .arguments = {PTRACE_SEIZE, PARENT}},
	{"kill",              "killed", "killed", .number = SYS_kill, .arguments = {PARENT, SIGCONT}},
	{"tgkill",            "killed", "killed", .number = SYS_tgkill, .arguments = {PARENT, PARENT, SIGCONT}},
	{"read-process",      "killed", "killed", .number = SYS_process_vm_readv, .arguments = {PARENT}},
	{"pidfd-open",        "killed", "killed", .number = SYS_pidfd_open, .arguments = {PARENT}},
	{"pidfd-getfd",       "killed", "killed", .number = SYS_pidfd_getfd, .arguments = {0}},
	{"priority",          "killed", "killed", .number = SYS_setpriority, .arguments = {PRIO_PROCESS, PARENT, 0}},
	{"unshare",           "killed", "killed", .number = SYS_unshare, .arguments = {CLONE_NEWUSER}},
	{"setns",             "killed", "killed", .number = SYS_setns, .arguments = {0}},
	/* Sockets. */
	{"socket-tcp",        "EACCES", "EACCES", .function = try_connect_tcp},
	{"socket-unix",       "EACCES", "EACCES", .number = SYS_socket, .arguments = {AF_UNIX, SOCK_STREAM}},
	{"socket-netlink",    "EACCES", "EACCES", .number = SYS_socket, .arguments = {AF_NETLINK, SOCK_RAW}},
	{"socketpair",        "killed", "killed", .number = SYS_socketpair, .arguments = {AF_UNIX, SOCK_STREAM}},
	{"connect",           "EACCES", "EACCES", .function = try_connect_again},
	{"shut-log",          "killed", "killed", .number = SYS_shutdown, .arguments = {2, SHUT_RDWR}},
	{"bind",              "killed", "killed", .number = SYS_bind, .arguments = {3}},
	{"listen",            "killed", "killed", .number = SYS_listen, .arguments = {3}},
	{"accept",            "killed", "killed", .number = SYS_accept4, .arguments = {3}},
	{"send-elsewhere",    "killed", "killed", .function = try_send_elsewhere},
	{"sendmsg-peer",      "killed", "killed", .number = SYS_sendmsg, .arguments = {1}},
	{"sendmmsg",          "killed", "killed", .number = SYS_sendmmsg, .arguments = {3}},
	{"socket-option",     "killed", "killed", .number = SYS_setsockopt, .arguments = {3, SOL_SOCKET, SO_PASSCRED}},
	/* Rights. */
	{"setuid",            "killed", "killed", .number = SYS_setresuid, .arguments = {0, 0, 0}},
	{"setgid",            "killed", "killed", .number = SYS_setresgid, .arguments = {0, 0, 0}},
	{"setgroups",         "killed", "killed", .number = SYS_setgroups, .arguments = {0}},
	{"capset",            "killed", "killed", .number = SYS_capset, .arguments = {0}},
	{"dumpable",          "killed", "killed", .number = SYS_prctl, .arguments = {PR_SET_DUMPABLE, 1}},
	{"personality",       "killed", "killed", .number = SYS_personality, .arguments = {0xffffffff}},
	{"landlock",          "EBADF",  "killed", .number = SYS_landlock_restrict_self, .arguments = {-1}},
	{"seccomp",           "EFAULT", "killed", .number = SYS_seccomp, .arguments = {1}},
	{"seccomp-listener",  "killed", "killed", .number = SYS_seccomp, .arguments = {1, 1L << 3}},
	{"seccomp-strict",    "killed", "killed", .number = SYS_seccomp, .arguments = {0, 1}},
	{"keyctl",            "killed", "killed", .number = SYS_keyctl, .arguments = {0}},
	/* Code, and the kernel's wider doors. */
	{"memory-exec",       "killed", "killed", .number = SYS_mmap, .arguments = {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
	{"memory-write-exec", "killed", "killed", .number = SYS_mmap, .arguments = {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, 0}},
	{"map-code",          "EBADF",  "killed", .number = SYS_mmap, .arguments = {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, -1}},
	{"make-code",         "killed", "killed", .number = SYS_mprotect, .arguments = {0, 4096, PROT_READ | PROT_EXEC}},
	{"make-code-by-key",  "killed", "killed", .number = SYS_pkey_mprotect, .arguments = {0, 4096, PROT_READ | PROT_EXEC, -1}},
	{"io-uring",          "killed", "killed", .number = SYS_io_uring_setup, .arguments = {1}},
	{"bpf",               "killed", "killed", .number = SYS_bpf, .arguments = {BPF_MAP_CREATE}},
	{"perf",              "killed", "killed", .number = SYS_perf_event_open, .arguments = {0}},
	{"userfaultfd",       "killed", "killed", .number = SYS_userfaultfd, .arguments = {0}},
	{"futex-pi",          "killed", "killed", .number = SYS_futex, .arguments = {0, FUTEX_LOCK_PI}},
	{"ioctl",             "killed", "killed", .number = SYS_ioctl, .arguments = {0, TIOCSTI}},
	{"dup",               "killed", "killed", .number = SYS_dup, .arguments = {0}},
	{"dup-by-fcntl",      "killed", "killed", .number = SYS_fcntl, .arguments = {0, F_DUPFD, 0}},
	{"log-flags",         "killed", "killed", .number = SYS_fcntl, .arguments = {2, F_SETFL, 0}},
	{"own-fd",            "killed", "killed", .number = SYS_fcntl, .arguments = {0, F_SETOWN, PARENT}},
	{"pipe",              REPORTS,  REPORTS, .number = SYS_pipe2, .arguments = {0}},
	{"no-such-call",      "killed", "killed", .number = 9999},
#ifdef __x86_64__
	{"x32",               "killed", "killed", .number = 0x40000000L | SYS_getpid},
	{"int80",             "killed", "killed", .function = try_int80},
	{"old-open",          REPORTS,  REPORTS, .number = SYS_open, .arguments = {TEXT("/etc/passwd"), O_RDONLY}},
	{"old-fork",          "killed", "killed", .function = try_old_fork},
#endif
	/* Limits. */
	{"send-fd",           "killed", "killed", .function = try_send_fd},
	{"memory-file",       "killed", "killed", .number = SYS_memfd_create, .arguments = {TEXT("x")}},
	{"many-fds",          "killed", "killed", .function = try_many_fds},
	{"large-file",        "killed", "killed", .function = try_large_file},
	{"no-alarm",          "killed", "killed", .number = SYS_setitimer, .arguments = {ITIMER_REAL}},
	{"sigreturn",         "killed", "killed", .number = SYS_rt_sigreturn},
	{"raise-limit",       "killed", "killed", .function = try_raised_limit},
#ifdef JAIL_SANITIZED
	{"overflow",          "report", "report", .function = try_overflow},
#else
	{"memory",            "ENOMEM", "ENOMEM", .number = SYS_mmap, .arguments = {0, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
	{"memory-shared",     "killed", "killed", .number = SYS_mmap, .arguments = {0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1}},
	{"handle-alarm",      "killed", "killed", .number = SYS_rt_sigaction, .arguments = {SIGALRM}},
	{"block-alarm",       "killed", "killed", .number = SYS_rt_sigprocmask, .arguments = {SIG_BLOCK}},
#endif
};
/* clang-format on */

static long run(const struct attempt *attempt)
{
	long arguments[6];

	if (attempt->function)
		return attempt->function();
	for (int i = 0; i < 6; i++)
		arguments[i] = attempt->arguments[i] == PARENT ? parent : attempt->arguments[i];
	return syscall(attempt->number, arguments[0], arguments[1], arguments[2], arguments[3],
		arguments[4], arguments[5]);
}

/* Without stdio, which might ask for what is not allowed. */
__attribute__((noreturn)) static void tell(const char *outcome)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "jail: %s\n", outcome);

	(void)!write(STDERR_FILENO, line, (size_t)len);
	_exit(0);
}

__attribute__((noreturn)) static void try(const char *name)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strcmp(attempts[i].name, name) == 0)
			tell(run(&attempts[i]) < 0 ? strerrorname_np(errno) : "done");
	}
	tell("no such attempt");
}

static void list(void)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		printf("%s %s %s\n", attempts[i].name, attempts[i].loading, attempts[i].inside);
	fflush(stdout);
	_exit(0);
}

/* Is it the time to try something? Then this does not return. */
static void at(const char *when)
{
	const char *what = getenv("PILLARBOX_JAIL_TRY");
	size_t len = strlen(when);

	if (what && strncmp(what, when, len) == 0 && what[len] == ':')
		try(what + len + 1);
}

static bool is_asked_for(const char *when)
{
	const char *what = getenv("PILLARBOX_JAIL_TRY");

	return what && strncmp(what, when, strlen(when)) == 0;
}

int __real_jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why);
int __wrap_jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why);
int __real_jail_seal(struct why *why);
int __wrap_jail_seal(struct why *why);

int __wrap_jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why)
{
	struct jail changed = *jail;
	int err;

	parent = getppid();
	if (is_asked_for("list"))
		list();
	at("before");
	if (is_asked_for("loading") || is_asked_for("sealed"))
		changed.may_load = true;
	err = __real_jail_enter(&changed, fallback, open, why);
	if (err < 0 || *open)
		tell("no jail");
	at("inside");
	at("loading");
	if (is_asked_for("sealed") && __real_jail_seal(why) < 0)
		tell("not sealed");
	at("sealed");
	return 0;
}

int __wrap_jail_seal(struct why *why)
{
	int err = __real_jail_seal(why);

	if (err < 0)
		tell("not sealed");
	at("tls");
	return 0;
}
