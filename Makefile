# Pillarbox. `make help` lists what can be made.

PREFIX     ?= /usr/local
DESTDIR    ?=
SYSCONFDIR ?= /etc
VERSION    := 0.1.0
BUILD      := build
LIBEXECDIR  = $(PREFIX)/libexec/pillarbox
CC         ?= cc
ifeq ($(origin CC),default)
CC         := gcc
endif

PROGRAMS := smtp-session pop3-session spool-agent
AREAS    := base io mail conf spool account agent

WARN  := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Wno-format-nonliteral
HARD  := -fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing
LINK  := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
ARCH  := $(shell uname -m)
ifeq ($(ARCH),x86_64)
HARD  += -fcf-protection=full
endif
ifeq ($(SAN),1)
OPT   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK  += -fsanitize=address,undefined
else
OPT   := -O2 -g
HARD  += -D_FORTIFY_SOURCE=3
endif
DEFS  := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPILLARBOX_VERSION='"$(VERSION)"' \
	-DPILLARBOX_LIBEXECDIR='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=gnu17 $(OPT) $(WARN) $(HARD) $(DEFS) -Ilib $(CFLAGS)

OBJ       := $(BUILD)/obj
LIB_SRC   := $(foreach area,$(AREAS),$(wildcard lib/$(area)/*.c))
LIB_OBJ   := $(LIB_SRC:%.c=$(OBJ)/%.o)
CMD_SRC   := $(foreach program,$(PROGRAMS),$(wildcard cmd/$(program)/*.c))
CMD_OBJ   := $(CMD_SRC:%.c=$(OBJ)/%.o)
UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNITS     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
TOOL_SRC  := $(wildcard tests/tools/*.c)
TOOLS     := $(TOOL_SRC:tests/tools/%.c=$(BUILD)/tools/%)
ARCHIVE   := $(OBJ)/lib.a

LIBS_smtp-session := -linih
LIBS_pop3-session := -linih
LIBS_spool-agent  := -linih -lpam -lcrypt -lmd
LIBS_test         := -linih -lpam -lcrypt -lmd -lcmocka

.PHONY: all programs check check-unit check-bats run lint format install clean help tests FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: programs ## build the programs into build/ (default)
programs: $(PROGRAMS:%=$(BUILD)/%)

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
	ar rcs $@ $^

define program_rule
$(BUILD)/$(1): $(patsubst %.c,$(OBJ)/%.o,$(wildcard cmd/$(1)/*.c)) $(ARCHIVE)
	$$(CC) $$(ALL_CFLAGS) $$(LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach program,$(PROGRAMS),$(eval $(call program_rule,$(program))))

$(BUILD)/unit/%: $(OBJ)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_test)

$(BUILD)/tools/%: $(OBJ)/tests/tools/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_test)

tests: $(UNITS) $(TOOLS) ## build the unit tests and the tests' own tools

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT_SRC:%.c=$(OBJ)/%.d) $(TOOL_SRC:%.c=$(OBJ)/%.d)
