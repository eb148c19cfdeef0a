# Pillarbox. `make help` lists what can be made.

PREFIX     ?= /usr/local
DESTDIR    ?=
SYSCONFDIR ?= /etc
VERSION    := 0.1.0
BUILD      := build
LIBEXECDIR  = $(PREFIX)/libexec/pillarbox
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR  = $(PREFIX)/include
OBJCOPY    ?= objcopy
CC         ?= cc
ifeq ($(origin CC),default)
CC         := gcc
endif
CC_FOR_BUILD ?= $(CC)

PROGRAMS := smtp-session pop3-session spool-agent spoolctl
AREAS    := base io mail conf spool account policy agent session

WERROR ?= -Werror
WARN  := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Wno-format-nonliteral
HARD  := -fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing
LINK  := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine)),)
HARD  += -fcf-protection=full
endif
ifneq ($(filter 1 fuzzer,$(SAN)),)
OPT   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK  += -fsanitize=address,undefined
ifeq ($(SAN),fuzzer)
OPT   += -fsanitize=fuzzer-no-link
endif
else
OPT   := -O2 -g
# Without optimization there is no fortification, and libc says so.
HARD  += -U_FORTIFY_SOURCE $(if $(filter -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=3)
endif
DEFS  := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPILLARBOX_VERSION='"$(VERSION)"' \
	-DPILLARBOX_LIBEXECDIR='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=gnu17 $(CPPFLAGS) $(OPT) $(WARN) $(HARD) $(DEFS) -Ilib -I$(BUILD)/gen $(CFLAGS)

OBJ       := $(BUILD)/obj
GEN       := $(BUILD)/gen
JAIL      := lib/io/jail_filter
FORGET    := lib/session/session_forget
LIB_SRC   := $(filter-out $(JAIL).c $(FORGET).c,$(foreach area,$(AREAS),$(wildcard lib/$(area)/*.c)))
LIB_OBJ   := $(LIB_SRC:%.c=$(OBJ)/%.o)
CMD_SRC   := $(foreach program,$(PROGRAMS),$(wildcard cmd/$(program)/*.c))
CMD_OBJ   := $(CMD_SRC:%.c=$(OBJ)/%.o)
UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNITS     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_HELP := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
CONTRACT  := $(BUILD)/contract/contract
CONTRACT_SRC := $(wildcard tests/contract/*.c)
TOOL_SRC  := $(filter-out tests/tools/jail-attempts.c,$(wildcard tests/tools/*.c))
TOOLS     := $(TOOL_SRC:tests/tools/%.c=$(BUILD)/tools/%)
JAILED    := $(BUILD)/test/smtp-session $(BUILD)/test/pop3-session
BENCH_SRC := $(wildcard tests/bench/*.c)
BENCHES   := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%) $(BUILD)/bench/slow_disk.so
FUZZ_SRC  := $(wildcard tests/fuzz/*.c)
FUZZ_ALL  := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%.c,$(FUZZ_SRC)))
FUZZERS   := $(FUZZ_ALL:%=$(BUILD)/fuzzers/%)
ARCHIVE   := $(OBJ)/lib.a

# TLS is a shared object of its own, loaded by the programs when TLS begins (lib/io/tls_load.c).
MODULE_SRC := $(wildcard lib/tls/*.c) lib/base/fd.c lib/base/why.c
MODULE_OBJ := $(MODULE_SRC:%.c=$(OBJ)/pic/%.o)
MODULE     := $(BUILD)/tls.so
# Programs in directories below $(BUILD) find it beside themselves, too.
MODULE_LINKS := $(BUILD)/unit/tls.so $(BUILD)/tools/tls.so
LIBS_module := -lgnutls

LIBS_smtp-session := -linih
LIBS_pop3-session := -linih
LIBS_spool-agent  := -linih -lpam -lcrypt -lmd -llmdb
LIBS_spoolctl     := -linih -lpam -lcrypt -lmd -llmdb -ljansson
LIBS_test         := -linih -lpam -lcrypt -lmd -llmdb -lcmocka -lgnutls

LINTS    := lint-format lint-layers lint-scripts lint-man lint-code

.PHONY: all programs check check-faults fuzz fuzz-corpus fuzz-build fuzzers fuzz-dict run bench bench-start lint lint-deps \
	$(LINTS) format install deb rpm check-package boot-build check-boot check-locks clean help tests FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: programs ## build the programs into build/ (default)
programs: $(PROGRAMS:%=$(BUILD)/%) $(MODULE) $(BUILD)/libspool.a

# The stamp changes when compiler or flags do, and everything is built again then.
STAMP := $(OBJ)/flags
$(STAMP): FORCE
	@mkdir -p $(OBJ)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(LINK) $(LDFLAGS))' | cmp -s - $@ || \
		echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(LINK) $(LDFLAGS))' > $@

$(OBJ)/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(ARCHIVE): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# The jail's system call filter: compiled into octets by a program that only this makefile runs.
# It runs here, wherever what is built will run.
$(BUILD)/jail-filter: $(JAIL).c lib/io/jail_calls.h lib/io/jail_seccomp.h $(STAMP)
	$(CC_FOR_BUILD) -std=gnu17 -O1 $(WARN) -D_GNU_SOURCE -Ilib -o $@ $< -lseccomp

$(GEN)/io/jail_filter.h: $(BUILD)/jail-filter
	@mkdir -p $(@D)
	$(BUILD)/jail-filter >$@

$(OBJ)/lib/io/jail_seccomp.o: $(GEN)/io/jail_filter.h

define program_rule
$(BUILD)/$(1): $(patsubst %.c,$(OBJ)/%.o,$(wildcard cmd/$(1)/*.c)) \
		$(patsubst %-session,$(OBJ)/$(FORGET).o,$(filter %-session,$(1))) $(ARCHIVE)
	$$(CC) $$(ALL_CFLAGS) $$(LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach program,$(PROGRAMS),$(eval $(call program_rule,$(program))))

$(OBJ)/pic/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(MODULE): $(MODULE_OBJ)
	$(CC) $(filter-out -fPIE,$(ALL_CFLAGS)) -shared $(filter-out -pie,$(LINK)) $(LDFLAGS) \
		-Wl,-soname,$(@F) -o $@ $^ $(LIBS_module)

$(MODULE_LINKS): $(MODULE)
	@mkdir -p $(@D)
	ln -sf ../$(<F) $@

# The tests' certificates: all, or none.
CERTS := $(BUILD)/certs
$(CERTS): tests/certs.bash
	@rm -rf $@ $@.new
	BUILD= bash -c '. tests/certs.bash && certs $@.new'
	@mv $@.new $@

# libspool for others: what spool.h needs as one object that shows only what spool.h declares. It may end up in
# somebody's shared library.
SPOOL_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard lib/spool/*.c))
$(filter $(OBJ)/lib/base/% $(OBJ)/lib/mail/% $(OBJ)/lib/spool/%,$(LIB_OBJ)): private HARD += -fPIC
$(BUILD)/libspool.a: $(SPOOL_OBJ) $(ARCHIVE) lib/spool/spool.h
	$(CC) $(filter-out -fsanitize=%,$(ALL_CFLAGS)) $(if $(findstring -flto,$(CFLAGS)),-flinker-output=nolto-rel) -r -nostdlib \
		-o $(OBJ)/libspool.o $(SPOOL_OBJ) $(ARCHIVE)
	grep -oE '\<spool_[a-z_]+\(' lib/spool/spool.h | tr -d '(' | sort -u > $(OBJ)/libspool.symbols
	$(OBJCOPY) --keep-global-symbols=$(OBJ)/libspool.symbols $(OBJ)/libspool.o
	@rm -f $@
	$(AR) rcs $@ $(OBJ)/libspool.o

# What several unit tests share.
$(OBJ)/unit.a: $(UNIT_HELP:%.c=$(OBJ)/%.o)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/unit/%: $(OBJ)/tests/unit/%.o $(OBJ)/unit.a $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_test)

# What spool.h promises, of each store: linked with what strangers link with.
$(CONTRACT): $(CONTRACT_SRC:%.c=$(OBJ)/%.o) $(BUILD)/libspool.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lmd -lcmocka

$(BUILD)/tools/%: $(OBJ)/tests/tools/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_test)

$(BUILD)/bench/deliver: $(OBJ)/tests/bench/deliver.o $(BUILD)/libspool.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lmd

$(BUILD)/bench/slow_disk.so: tests/bench/preload/slow_disk.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIE -fsanitize=%,$(ALL_CFLAGS)) -fPIC -shared -o $@ $<

$(BUILD)/bench/%: $(OBJ)/tests/bench/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^

# The sessions themselves, with something in front of the jail that tries to get out of it. What they
# look for beside themselves is there.
$(JAILED): $(BUILD)/test/%: $(OBJ)/tests/tools/jail-attempts.o $(BUILD)/%
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -Wl,--wrap=jail_enter,--wrap=jail_seal -o $@ $< \
		$(filter $(OBJ)/cmd/$*/%,$(CMD_OBJ)) $(OBJ)/$(FORGET).o $(ARCHIVE) $(LIBS_$*)
	ln -sf ../spool-agent ../tls.so $(@D)

# The fuzz targets: programs that replay inputs, or, with SAN=fuzzer, libFuzzer's. WRAP_NAME: the functions that
# the target NAME has its own of (tests/fuzz/fuzz.h).

FUZZ_SHARED := $(filter-out $(OBJ)/tests/fuzz/fuzz_%.o $(OBJ)/tests/fuzz/replay.o,$(FUZZ_SRC:%.c=$(OBJ)/%.o)) \
	$(filter-out %/main.o,$(CMD_OBJ))
FUZZ_MAIN   := $(if $(filter fuzzer,$(SAN)),,$(OBJ)/tests/fuzz/replay.o)
FUZZ_LINK   := $(if $(filter fuzzer,$(SAN)),-fsanitize=fuzzer)
$(OBJ)/tests/fuzz/%.o: private ALL_CFLAGS += -Icmd

WRAP_session := stream_init peer_learn jail_enter jail_seal log_event agent_open_channel agent_wire_send \
	agent_wire_receive tls_server_load tls_server_free tls_server_note tls_accept tls_close tls_description tls_cipher_suite tls_is_resumed tls_module_path fd_stat
WRAP_smtp := $(WRAP_session)
WRAP_pop3 := $(WRAP_session)
WRAP_agent := account_text_read getpwnam_r crypt_rn agent_checker_run agent_child_start agent_child_serve fsync fdatasync
WRAP_reply := agent_wire_send agent_wire_receive agent_spool_helper_take agent_spool_helper_release \
	agent_spool_helper_create
WRAP_path := fd_write
WRAP_accounts := account_text_read getpwnam_r
WRAP_conf := fopen64 getaddrinfo
WRAP_spool := fd_pwrite disk_truncate disk_reserve disk_sync disk_sync_data fd_sync_parent state_file_open rename unlink

$(OBJ)/fuzz.a: $(FUZZ_SHARED)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/fuzzers/%: $(OBJ)/tests/fuzz/fuzz_%.o $(FUZZ_MAIN) $(OBJ)/fuzz.a $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(FUZZ_LINK) $(WRAP_$*:%=-Wl,--wrap=%) $(LDFLAGS) -o $@ $^ $(LIBS_test)

# Faults: by a library that is loaded in front of the C library (LP64 only: it has one function for both sizes of
# offsets). Without sanitizers, which want to be the first themselves.
FAULTS := $(BUILD)/faults/faults.so
$(FAULTS): $(wildcard tests/faults/*.[ch])
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g $(WARN) -D_GNU_SOURCE -fPIC -fvisibility=hidden -shared -o $@ $(filter %.c,$^)

tests: $(UNITS) $(CONTRACT) $(TOOLS) $(MODULE_LINKS) $(CERTS) ## build the unit tests and the tests' own tools
tests: $(JAILED)
tests: $(FUZZERS) $(BENCHES) $(FAULTS)

# What a target builds on its way is built quietly, on all processors unless -j was given.
JOBS_FLAG = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# The tests. TESTS="tests/start.bats ..." takes some of the files, FILTER=regex some of the tests, TAGS='!sweep' leaves
# out those that take longest.
TESTS  ?= $(wildcard tests/*.bats)
FILTER ?=
check: ## build and run all tests; installs what they need
	@BUILD='$(BUILD)' packaging/deps build run check
	@echo building
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) programs tests
	@BUILD='$(abspath $(BUILD))' FILTER='$(FILTER)' TAGS='$(TAGS)' tests/check $(UNITS) $(CONTRACT) $(TESTS)

check-faults: ## kill and fail libspool at each system call, cut the power at any moment: see tests/faults/run
	@packaging/deps build check
	@echo building
	@$(MAKE) --no-print-directory --silent SAN= $(JOBS_FLAG) $(BUILD)/tools/spool-tool $(FAULTS)
	@BUILD='$(abspath $(BUILD))' $(foreach name,FILTER SEEDS OPS JOBS SEED SAMPLES FRONT COLLAPSE MINUTES,$(if $($(name)),$(name)='$($(name))')) \
		tests/faults/run

# The fuzzers are built apart, by clang. FUZZ="smtp pop3 ..." takes some of them; T is seconds for each.
FUZZ ?= $(FUZZ_ALL)
T    ?= 60
FUZZ_RUN = T='$(T)' tests/fuzz/run '$(BUILD)'
fuzz: fuzz-build ## fuzz each parser for T seconds; what is found stays in build/fuzz/
	@$(FUZZ_RUN) $(FUZZ)

fuzz-corpus: fuzz-build ## put what was found into tests/fuzz/corpus/, as little of it as covers all
	@$(FUZZ_RUN) merge $(FUZZ)

fuzz-build:
	@BUILD='$(BUILD)' packaging/deps build fuzz
	@echo building
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) SAN=fuzzer CC=clang BUILD='$(BUILD)/libfuzzer' fuzzers

fuzzers: $(FUZZ:%=$(BUILD)/fuzzers/%)

fuzz-dict: programs ## make the fuzzers' dictionaries anew
	@BUILD='$(abspath $(BUILD))' tests/fuzz/dictionary tests/fuzz

SMTP_PORT ?= 2525
POP3_PORT ?= 1110
run: ## see it work: a message in by SMTP, out by POP3 (ONESHOT=1: and stop there)
	@packaging/deps build run
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) programs
	@BUILD='$(abspath $(BUILD))' ONESHOT='$(ONESHOT)' SMTP_PORT='$(SMTP_PORT)' POP3_PORT='$(POP3_PORT)' \
		packaging/demo

bench: ## measure all against programs that do the least possible, and, with BENCH_PEERS=1, other servers
	@packaging/deps build run bench $(if $(filter 1,$(BENCH_PEERS)),bench-peers)
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) programs $(BENCHES)
	@BUILD='$(abspath $(BUILD))' tests/bench/run

# Format, layers, scripts, man pages, code. `make -k lint` goes on after the first that fails.
C_FILES = $(shell find cmd lib tests -name '*.[ch]')
SCRIPTS = $(shell grep -rlE '^\#!.*[/ ](sh|bash|bats)$$' packaging tests .ci) $(wildcard tests/*.bash)
TIDY_CFLAGS = -std=gnu17 $(WARN) $(DEFS) -Ilib -I$(GEN)
lint: $(LINTS) ## check format, layers, scripts, man pages and code; installs what that needs
lint-deps:
	@packaging/deps build lint
$(LINTS): | lint-deps
lint-format:
	@clang-format --dry-run -Werror $(C_FILES)
lint-layers:
	packaging/lint-layers
lint-scripts:
	shellcheck -S warning $(SCRIPTS)
lint-man:
	mandoc -T lint -W warning man/*
lint-code: $(STAMP) $(GEN)/io/jail_filter.h
	@echo clang-tidy lib cmd
	@printf '%s\n' $(LIB_SRC) $(filter lib/tls/%,$(MODULE_SRC)) $(JAIL).c $(CMD_SRC) | \
		xargs -P "$$(nproc)" -I{} clang-tidy --quiet {} -- $(TIDY_CFLAGS) 2>$(OBJ)/tidy.err || \
		{ grep -v ' generated' $(OBJ)/tidy.err; exit 1; }

format: ## lay out all C files as .clang-format says
	clang-format -i $(C_FILES)

MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/pillarbox
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
ifneq ($(wildcard /etc/pam.d/common-auth),)
PAM_FILE ?= packaging/pam.d/pillarbox.debian
else
PAM_FILE ?= packaging/pam.d/pillarbox.fedora
endif
install: programs ## install below $(DESTDIR)$(PREFIX); settings below $(DESTDIR)$(SYSCONFDIR)
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(LIBEXECDIR) $(MANDIR)/man3 $(MANDIR)/man5 $(MANDIR)/man7 \
		$(MANDIR)/man8 $(DOCDIR) $(PREFIX)/lib/sysusers.d $(PREFIX)/lib/tmpfiles.d \
		$(UNITDIR) $(PREFIX)/share/pillarbox $(COMPLETIONDIR) $(DOCDIR)/xinetd \
		$(SYSCONFDIR)/pillarbox $(SYSCONFDIR)/pam.d)
	install -m 755 $(BUILD)/smtp-session $(BUILD)/pop3-session $(BUILD)/spoolctl $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/spool-agent $(DESTDIR)$(LIBEXECDIR)/
	install -m 644 $(MODULE) $(DESTDIR)$(LIBEXECDIR)/
	install -m 644 man/*.3 $(DESTDIR)$(MANDIR)/man3/
	install -m 644 man/*.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 644 man/*.7 $(DESTDIR)$(MANDIR)/man7/
	install -m 644 man/*.8 $(DESTDIR)$(MANDIR)/man8/
	install -m 644 systemd/pillarbox.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/pillarbox.conf
	install -m 644 systemd/pillarbox.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/pillarbox.conf
	$(BUILD)/jail-filter --list | packaging/units $(DESTDIR)$(UNITDIR) $(PREFIX) $(LIBEXECDIR)
	install -m 644 systemd/accept-no.conf $(DESTDIR)$(PREFIX)/share/pillarbox/
	install -m 644 packaging/bash-completion/spoolctl $(DESTDIR)$(COMPLETIONDIR)/
	install -m 755 packaging/certbot-hook $(DESTDIR)$(PREFIX)/share/pillarbox/
	for service in packaging/xinetd/*; do \
		sed 's|/usr/bin/|$(PREFIX)/bin/|' $$service >$(DESTDIR)$(DOCDIR)/xinetd/$${service##*/}; done
	install -m 644 README.md packaging/pillarbox.conf $(DESTDIR)$(DOCDIR)/
	test -e $(DESTDIR)$(SYSCONFDIR)/pam.d/pillarbox || \
		install -m 644 $(PAM_FILE) $(DESTDIR)$(SYSCONFDIR)/pam.d/pillarbox
	install -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(INCLUDEDIR)/pillarbox/base)
	install -m 644 lib/spool/spool.h $(DESTDIR)$(INCLUDEDIR)/pillarbox/
	install -m 644 lib/base/why_plain.h $(DESTDIR)$(INCLUDEDIR)/pillarbox/base/
	install -m 644 $(BUILD)/libspool.a $(DESTDIR)$(LIBDIR)/
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
		packaging/libspool.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libspool.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/libspool.pc

# A Debian source tree is this one, without what was built, and with packaging/debian in Debian's place.
SOURCES = LICENSE Makefile README.md cmd lib man packaging systemd tests
NO_MAKE = env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD
deb: ## build Debian packages into build/deb/
	@packaging/deps build deb
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/src
	tar -c --exclude=__pycache__ $(SOURCES) | tar -x -C $(BUILD)/deb/src
	mv $(BUILD)/deb/src/packaging/debian $(BUILD)/deb/src/debian
	cd $(BUILD)/deb/src && $(NO_MAKE) dpkg-buildpackage -us -uc -Jauto

RPM_TOP = $(abspath $(BUILD))/rpm
rpm: ## build RPM packages into build/rpm/
	@packaging/deps build rpm
	rm -rf $(BUILD)/rpm
	mkdir -p $(BUILD)/rpm/SOURCES
	tar -cz --exclude=__pycache__ --transform='s|^|pillarbox-$(VERSION)/|' -f $(BUILD)/rpm/SOURCES/pillarbox-$(VERSION).tar.gz \
		$(SOURCES)
	$(NO_MAKE) rpmbuild -ba --nodeps --define '_topdir $(RPM_TOP)' packaging/rpm/pillarbox.spec

check-package: ## build the packages, look into them, install them in a root of their own
	@packaging/deps build deb rpm package
	@echo building
	@mkdir -p $(BUILD)
	@$(MAKE) --no-print-directory deb rpm >$(BUILD)/packages.log 2>&1 || { cat $(BUILD)/packages.log; exit 1; }
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) programs
	@BUILD='$(abspath $(BUILD))' FILTER='$(FILTER)' tests/check tests/package/*.bats

# What runs in a booted system: the package, in a small Debian of its own.
BOOT_TESTS ?= $(wildcard tests/boot/*.bats)
BOOT = tests/boot/run $(BUILD)/deb/pillarbox_*.deb
boot-build:
	@packaging/deps build run check deb boot
	@echo building
	@mkdir -p $(BUILD)
	@$(MAKE) --no-print-directory deb >$(BUILD)/packages.log 2>&1 || { cat $(BUILD)/packages.log; exit 1; }
	@$(MAKE) --no-print-directory --silent $(JOBS_FLAG) programs tests $(BENCHES)

check-boot: boot-build ## install the package in a Debian with systemd, boot it and test it; needs root
	@BUILD='$(abspath $(BUILD))' FILTER='$(FILTER)' $(BOOT) tests/check $(BOOT_TESTS)

# Other mail programs on the same mailboxes, in another such Debian. T is seconds for each run of the hammer.
LOCK_T = $(if $(filter file,$(origin T)),120,$(T))
LOCK_TESTS ?= $(wildcard tests/locks/*.bats)
LOCK_PEERS = postfix procmail mutt dovecot-pop3d dovecot-imapd liblockfile-bin python3
check-locks: boot-build ## hammer one mailbox with other mail programs for T seconds each, in such a Debian; needs root
	@BUILD='$(abspath $(BUILD))' FILTER='$(FILTER)' T='$(LOCK_T)' BATS_TEST_TIMEOUT=$$(($(LOCK_T) + 1800)) \
		BOOT_NAME=locks BOOT_PACKAGES='$(LOCK_PEERS)' BOOT_PARTS=tools nice $(BOOT) tests/check $(LOCK_TESTS)

bench-start: boot-build ## measure a connection's cost in that Debian, started in each way; needs root
	@BUILD='$(abspath $(BUILD))' $(BOOT) tests/bench/start

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

-include $(shell find $(OBJ) -name "*.d" 2>/dev/null)
