/*
 * jail_calls - the one list of the system calls that a session makes, and when.
 *
 * Read by jail_filter.c alone, which turns it into the programs that the kernel holds each call
 * against, and prints it for the comparison with the units' SystemCallFilter=. A call that no row
 * allows kills the session. A name that an architecture lacks is left out there.
 *
 *   START    before the jail: the C library's start, configuration, the listener and its forks
 *   LOADING  in the jail as long as TLS may still be loaded: what the dynamic linker does, and
 *            the calls that shut this door
 *   INSIDE   in the jail, to the end
 *
 * Rows of one name are alternatives. REFUSE means EACCES instead of death: for what the C library
 * tries by itself and can go without. syslog(3) opens its socket again when the log's has gone; it
 * then goes without, and nobody gets a socket of any kind. Time zones and messages would be read
 * from files. On fstat() see fd_stat().
 *
 * Not here, on purpose: rt_sigreturn (no handler is ever installed, and a forged frame could block
 * the alarm that ends a session), fcntl's F_SETFL (the flags of a log are its other writers', too),
 * ioctl, prctl, dup, anything that makes a socket, a process or a name.
 */
#ifndef IO_JAIL_CALLS_H
#define IO_JAIL_CALLS_H

#include "io/jail_seccomp.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
	START = 1,
	LOADING = 2,
	INSIDE = 4,
	REFUSE = 8,
	SANITIZED = 16, /* inside as well, where AddressSanitizer is built in */
};

struct jail_condition {
	unsigned argument; /* from 0 */
	bool differs;      /* the row is for those that differ */
	uint64_t mask;     /* (not where it differs) */
	uint64_t value;
};

struct jail_call {
	const char *name;
	unsigned when;
	unsigned count; /* of conditions */
	struct jail_condition conditions[2];
};

#define WHOLE UINT32_MAX /* the kernel looks at 32 bits of an int */

/* clang-format off */
#define EXACTLY(argument, value)      {argument, false, WHOLE, value}
#define OTHER_THAN(argument, value)   {argument, true, WHOLE, value}
#define WITHOUT(argument, bits)       {argument, false, bits, 0}
#define OF_THESE(argument, bits, set) {argument, false, bits, set}
#define NO_POINTER(argument)          {argument, false, UINT64_MAX, 0}

#define ANY                           0, {{0, false, 0, 0}}
#define IF(condition)                 1, {condition}
#define IF_BOTH(one, other)           2, {one, other}
#define READING                       WITHOUT(2, O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE | O_PATH)

static const struct jail_call jail_calls[] = {
	/* The connection, files that the agent has handed out, the log. */
	{"read",             START | INSIDE, ANY},
	{"write",            START | INSIDE, ANY},
	{"writev",           START | INSIDE, ANY},
	{"pread64",          START | INSIDE, ANY},
	{"pwrite64",         START | INSIDE, ANY},
	{"close",            START | INSIDE, ANY},
	{"fstat",            START | INSIDE, ANY},
	{"poll",             START | INSIDE, ANY},
	{"ppoll",            START | INSIDE, ANY},
	{"shutdown",         START,          ANY},
	/* Not the log's socket, which a listener and all of its sessions share. */
	{"shutdown",         INSIDE,         IF(EXACTLY(0, JAIL_CONNECTION))},
	{"shutdown",         INSIDE,         IF(EXACTLY(0, JAIL_CHANNEL))},
	{"fcntl",            INSIDE,         IF(EXACTLY(1, F_GET_SEALS))},
	/* To the peer of a socket, never to an address, and never an fd; fds come from the agent. */
	{"sendto",           START | INSIDE, IF(NO_POINTER(4))},
	{"recvfrom",         START | INSIDE, IF(NO_POINTER(4))},
	{"recvmsg",          START | INSIDE, IF(EXACTLY(0, JAIL_CHANNEL))},
	/* Memory: of its own (what is shared is not counted by any limit), never executable. */
	{"brk",              START | INSIDE, ANY},
	{"mmap",             START | INSIDE, IF_BOTH(WITHOUT(2, PROT_EXEC), WITHOUT(3, MAP_SHARED))},
	{"mprotect",         START | INSIDE, IF(WITHOUT(2, PROT_EXEC))},
	{"mremap",           START | INSIDE, ANY},
	{"munmap",           START | INSIDE, ANY},
	{"madvise",          START | INSIDE, IF(EXACTLY(2, MADV_DONTNEED))},
	/* Time, chance, itself, the end. */
	{"clock_gettime",    START | INSIDE, ANY},
	{"gettimeofday",     START | INSIDE, ANY},
	{"clock_nanosleep",  START | INSIDE, ANY},
	{"restart_syscall",  START | INSIDE, ANY},
	{"getrandom",        START | INSIDE, ANY},
	{"getpid",           START | INSIDE, ANY},
	{"futex",            START | INSIDE, IF(EXACTLY(1, FUTEX_WAKE_PRIVATE))},
	{"futex",            START | INSIDE, IF(EXACTLY(1, FUTEX_WAIT_PRIVATE))},
	{"exit_group",       START | INSIDE, ANY},

	{"socket",           START,          ANY},
	{"socket",           INSIDE | REFUSE, ANY},
	{"bind",             START,          ANY}, /* the channel's name (agent_name.h) */
	{"connect",          START,          ANY},
	{"connect",          INSIDE | REFUSE, ANY},

	/* Loading a shared object: read-only, and code only from files. Landlock says which. */
	{"openat",           START,          ANY},
	{"openat",           LOADING,        IF(READING)},
	{"openat",           INSIDE | REFUSE, IF(READING)},
	{"newfstatat",       START,          ANY},
#if !__GLIBC_PREREQ(2, 39) /* fstat() was this call, with an empty path, before */
	{"newfstatat",       LOADING,        IF(EXACTLY(3, AT_EMPTY_PATH))},
	{"newfstatat",       LOADING | REFUSE, IF(OTHER_THAN(3, AT_EMPTY_PATH))},
#endif
	{"newfstatat",       INSIDE | REFUSE, ANY},
	{"mmap",             LOADING,        IF_BOTH(OF_THESE(2, PROT_WRITE | PROT_EXEC, PROT_EXEC),
						WITHOUT(3, MAP_SHARED | MAP_ANONYMOUS))},
	{"seccomp",          START | LOADING, IF_BOTH(EXACTLY(0, SECCOMP_SET_MODE_FILTER), EXACTLY(1, 0))},
	{"landlock_create_ruleset", START | LOADING, ANY},
	{"landlock_restrict_self",  START | LOADING, ANY},

	/* Before the jail. */
	{"accept4",          START, ANY},
	{"access",           START, ANY},
	{"alarm",            START, ANY},
	{"arch_prctl",       START, ANY},
	{"capget",           START, ANY},
	{"clone",            START, ANY},
	{"clone3",           START, ANY},
	{"close_range",      START, ANY},
	{"dup2",             START, ANY},
	{"dup3",             START, ANY},
	{"execve",           START, ANY},
	{"faccessat",        START, ANY},
	{"faccessat2",       START, ANY},
	{"fcntl",            START, ANY},
	{"getegid",          START, ANY},
	{"geteuid",          START, ANY},
	{"getgid",           START, ANY},
	{"getpeername",      START, ANY},
	{"getresgid",        START, ANY},
	{"getresuid",        START, ANY},
	{"getsockname",      START, ANY},
	{"getsockopt",       START, ANY},
	{"getuid",           START, ANY},
	{"ioctl",            START, ANY},
	{"landlock_add_rule", START, ANY},
	{"listen",           START, ANY},
	{"lseek",            START, ANY},
	{"prctl",            START, ANY},
	{"prlimit64",        START, ANY},
	{"readlink",         START, ANY},
	{"readlinkat",       START, ANY},
	{"rseq",             START, ANY},
	{"rt_sigaction",     START, ANY},
	{"rt_sigprocmask",   START, ANY},
	{"rt_sigreturn",     START, ANY},
	{"set_robust_list",  START, ANY},
	{"set_tid_address",  START, ANY},
	{"setitimer",        START, ANY},
	{"setsockopt",       START, ANY},
	{"socketpair",       START, ANY},
	{"sysinfo",          START, ANY},
	{"uname",            START, ANY},
	{"wait4",            START, ANY},

	/* The sanitizers' shadow memory, stacks and reports. */
	{"gettid",           SANITIZED, ANY},
	{"madvise",          SANITIZED, ANY},
	{"mmap",             SANITIZED, IF(WITHOUT(2, PROT_EXEC))},
	{"prlimit64",        SANITIZED, IF(NO_POINTER(2))},
	{"rt_sigaction",     SANITIZED, ANY},
	{"rt_sigprocmask",   SANITIZED, ANY},
	{"sched_yield",      SANITIZED, ANY},
	{"sigaltstack",      SANITIZED, ANY},
	{"open",             SANITIZED | REFUSE, ANY},
	{"stat",             SANITIZED | REFUSE, ANY},
	{"pipe2",            SANITIZED | REFUSE, ANY},
	{"readlink",         SANITIZED | REFUSE, ANY},
	{"readlinkat",       SANITIZED | REFUSE, ANY},
	{"ioctl",            SANITIZED | REFUSE, IF(EXACTLY(1, TCGETS))},
};
/* clang-format on */

#endif
