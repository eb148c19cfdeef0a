/*
 * jail-filter - turns jail_calls.h into seccomp programs, by libseccomp, when Pillarbox is built.
 * It is not installed, and nothing that is links libseccomp.
 *
 * usage: jail-filter            print jail_filter.h
 *        jail-filter --list     print the names of all calls, as a unit must allow them
 *
 * Three programs for each architecture: LOADING and INSIDE, either of which a session enters, and
 * SEAL, which goes on top of LOADING and takes away what INSIDE lacks. Two programs hold a call
 * against both, so SEAL names only those and lets all else pass.
 */
#include "io/jail_calls.h"
#include "io/jail_seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define CALLS (sizeof(jail_calls) / sizeof(jail_calls[0]))

static const struct {
	uint32_t token;
	const char *macro; /* by which the compiler of the programs knows it */
} archs[] = {
	{SCMP_ARCH_X86_64, "defined(__x86_64__) && !defined(__ILP32__)"},
	{SCMP_ARCH_AARCH64, "defined(__aarch64__)"},
};

static void must(int result, const char *what, const char *name)
{
	if (result >= 0)
		return;
	fprintf(stderr, "jail-filter: %s: %s: %s\n", name, what, strerror(-result));
	exit(EX_SOFTWARE);
}

static scmp_filter_ctx start_program(uint32_t arch, uint32_t otherwise)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);

	must(filter ? 0 : -ENOMEM, "start", "filter");
	if (arch != seccomp_arch_native()) {
		must(seccomp_arch_add(filter, arch), "add", "architecture");
		must(seccomp_arch_remove(filter, seccomp_arch_native()), "remove", "architecture");
	}
	must(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "set",
		"bad architecture");
	/* A binary tree: the kernel walks it for every number there is when the program is loaded.
	 */
	must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "set", "optimize");
	return filter;
}

static void add_call(
	scmp_filter_ctx filter, uint32_t arch, const struct jail_call *call, uint32_t action)
{
	int number = seccomp_syscall_resolve_name(call->name); /* libseccomp translates it */
	struct scmp_arg_cmp comparisons[2];

	if (seccomp_syscall_resolve_name_arch(arch, call->name) < 0)
		return; /* unknown there, or one of libseccomp's pseudo numbers */
	for (unsigned i = 0; i < call->count; i++) {
		const struct jail_condition *condition = &call->conditions[i];

		if (condition->differs)
			comparisons[i] =
				SCMP_CMP64(condition->argument, SCMP_CMP_NE, condition->value, 0);
		else
			comparisons[i] = SCMP_CMP64(condition->argument, SCMP_CMP_MASKED_EQ,
				condition->mask, condition->value);
	}
	must(seccomp_rule_add_exact_array(filter, action, number, call->count, comparisons), "rule",
		call->name);
}

/* Print it as a C array, and release it. */
static void finish_program(scmp_filter_ctx filter, const char *name)
{
	struct sock_filter one;
	FILE *file = tmpfile();

	must(file ? 0 : -errno, "open", "temporary file");
	must(seccomp_export_bpf(filter, fileno(file)), "export", name);
	rewind(file);
	printf("static const struct sock_filter jail_filter_%s[] = {\n", name);
	while (fread(&one, sizeof(one), 1, file) == 1)
		printf("\t{0x%02x, %u, %u, 0x%08xU},\n", one.code, one.jt, one.jf, one.k);
	printf("};\n");
	fclose(file);
	seccomp_release(filter);
}

static uint32_t action_of(const struct jail_call *call)
{
	return call->when & REFUSE ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_ALLOW;
}

/* Is there a row of this name for that time? */
static const struct jail_call *find_call(const char *name, unsigned when)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (strcmp(jail_calls[i].name, name) == 0 && jail_calls[i].when & when)
			return &jail_calls[i];
	}
	return NULL;
}

/* inside: INSIDE, or that and SANITIZED. */
static void print_inside(uint32_t arch, unsigned inside)
{
	scmp_filter_ctx filter = start_program(arch, SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; i < CALLS; i++) {
		if (jail_calls[i].when & inside)
			add_call(filter, arch, &jail_calls[i], action_of(&jail_calls[i]));
	}
	finish_program(filter, "inside");
}

/* What INSIDE refuses and LOADING allows in part is killed for the rest of it: SEAL refuses later.
 */
static void print_loading(uint32_t arch, unsigned inside)
{
	scmp_filter_ctx filter = start_program(arch, SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; i < CALLS; i++) {
		const struct jail_call *call = &jail_calls[i];

		if (call->when & LOADING ||
			(call->when & inside &&
				!(call->when & REFUSE && find_call(call->name, LOADING))))
			add_call(filter, arch, call, action_of(call));
	}
	finish_program(filter, "loading");
}

static void print_seal(uint32_t arch)
{
	scmp_filter_ctx filter = start_program(arch, SCMP_ACT_ALLOW);

	for (size_t i = 0; i < CALLS; i++) {
		const struct jail_call *call = &jail_calls[i];
		const struct jail_call *refusal = find_call(call->name, REFUSE);

		if (call->when & LOADING && !(call->when & INSIDE))
			add_call(filter, arch, call,
				refusal ? action_of(refusal) : SCMP_ACT_KILL_PROCESS);
	}
	finish_program(filter, "seal");
}

static int print_header(void)
{
	printf("/* Made by jail-filter from lib/io/jail_calls.h. */\n"
	       "#include <linux/filter.h>\n\n");
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		printf("#%s %s\n", i ? "elif" : "if", archs[i].macro);
		printf("#ifdef JAIL_SANITIZED\n");
		print_loading(archs[i].token, INSIDE | SANITIZED);
		print_inside(archs[i].token, INSIDE | SANITIZED);
		printf("#else\n");
		print_loading(archs[i].token, INSIDE);
		print_inside(archs[i].token, INSIDE);
		printf("#endif\n");
		print_seal(archs[i].token);
	}
	printf("#endif\n");
	return fflush(stdout) < 0 ? EX_IOERR : EX_OK;
}

static int print_list(void)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (find_call(jail_calls[i].name, ~(unsigned)SANITIZED) == &jail_calls[i])
			puts(jail_calls[i].name);
	}
	return fflush(stdout) < 0 ? EX_IOERR : EX_OK;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return print_header();
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return print_list();
	fputs("usage: jail-filter [--list]\n", stderr);
	return EX_USAGE;
}
