# lab.mk - which lab is built, with whose files, and where.
#
#	LAB=3			the labs 1 to 3; those after it are locked
#	IMPL=solutions		lab 3 is the reference's, not that of labs/
#	FILES=DIR NAME=alice	lab 3 is that of a folder
#	BASE=labs		labs 1 and 2 are the student's, not the reference's
#
# Together they name the stage, as in 03-blocking.solutions: all that depends on
# them is made in build/<stage>/.  At the end, what is made of a lab's files for
# those who maintain the course.

# LAB=4, LAB=04 and LAB=04-pipes mean the same; the default is the highest.
LABS := $(sort $(notdir $(patsubst %/,%,$(wildcard labs/[0-9][0-9]-*/))))
LAB ?= $(lastword $(LABS))
LAB_NAME := $(firstword $(filter $(LAB) $(LAB)-% 0$(LAB)-%,$(LABS)))
LAB_NUMBER := $(firstword $(subst -, ,$(LAB_NAME)))
ifeq ($(LAB_NAME),)
$(error There is no lab "$(LAB)": LAB is one of $(LABS)$(if \
	$(wildcard solutions),,; `make unlock` takes the next))
endif

# Whose files: labs (the student's), solutions, or with FILES=DIR NAME=WORD
# those in DIR, where a file that is missing there comes from labs/.
IMPL ?= labs
NAME ?= files
ifeq ($(filter labs $(wildcard solutions),$(IMPL)),)
$(error IMPL=$(IMPL): it is labs$(if $(wildcard solutions), or solutions); \
	for a directory of your own use FILES=DIR NAME=WORD)
endif
# The grader takes files from any folder, and builds a copy of them.  make itself
# takes names apart at blanks, and more.
HANDED_IN := $(value FILES)
HANDED_IN_BY := $(value NAME)
ifeq ($(strip $(filter-out grade,$(GOALS))),)
override FILES :=
override NAME := files
endif
ifneq ($(FILES),)
ifneq ($(shell printf %s $(call quote,$(value FILES)$(value NAME)) | tr -d 'A-Za-z0-9_./+,@%^~-'),)
$(error FILES="$(value FILES)" NAME="$(value NAME)": make can only work with names that have no \
	blanks and signs (`make grade` takes any); rename the folder, or make a link to it)
endif
endif
SANITIZED := $(if $(filter-out 0,$(SANITIZE)),.sanitized)
# LINUX=0 leaves kernel/linux out: what is left is any Unix, and the labs.
SMALL := $(if $(filter 0,$(LINUX)),.small)
SUFFIX := $(if $(FILES),.$(NAME),$(if $(filter solutions,$(IMPL)),.solutions))$(if $(filter 0,$(HOOKS)),.fast)$(SMALL)$(SANITIZED)
STAGE := $(LAB_NAME)$(SUFFIX)

ifneq ($(FILES),)
ifeq ($(wildcard $(FILES)/*.c),)
$(error FILES=$(FILES): there is no directory with C files of this name)
endif
endif

# Where the labs before this one come from: reference, or labs.  The reference
# is solutions/, or where that is not, in a student's repository, the objects
# made of it in released/.
BASE ?= reference
ifeq ($(filter labs reference,$(BASE)),)
$(error BASE=$(BASE): it is reference or labs)
endif
BASE_IMPL := $(if $(filter labs,$(BASE)),labs,$(wildcard solutions))

# The labs before $(1), and those after it, in the list $(2).
before = $(if $(filter $(1),$(firstword $(2)) ),,$(firstword $(2)) \
	$(call before,$(1),$(wordlist 2,$(words $(2)),$(2))))
LABS_BEFORE := $(call before,$(LAB_NAME),$(LABS))
LABS_AFTER := $(filter-out $(LABS_BEFORE) $(LAB_NAME), \
	$(sort $(LABS) $(notdir $(wildcard kernel/ipc/[0-9][0-9]-*))))

BUILD := build
GIVEN := $(BUILD)/given$(SMALL)$(SANITIZED)
OUT := $(BUILD)/$(STAGE)

# What `make run` offers beside this one, in the menu of the ISO.
STAGES := $(LABS:%=%$(SUFFIX))

# ---- a starter, and how much work a lab is ----

# A lab's starter is its reference without what the markers enclose.
STARTERS := $(patsubst solutions/%,labs/%,$(wildcard solutions/*/*.c))
define make_starters
@mkdir -p $(sort $(dir $(STARTERS)))
@$(foreach f,$(STARTERS),unifdef -x 2 -USOLUTION -o $(f) \
	$(f:labs/%=solutions/%) &&) :
endef

# The reference's lines of code between the markers, without comments and blank
# lines, and how many there shall be at most: the challenge's come on top.
define count_workload
@for lab in $(LABS); do \
	case $$lab in 01-*) most=150;; 0[234]-*) most=300;; *) most=500;; esac; \
	awk -v lab=$$lab -v most=$$most ' \
		/^#ifdef SOLUTION/ { inside = 1; extra = /challenge/; next } \
		/^#(else|endif)/ { inside = 0 } \
		/^[ \t]*$$|^[ \t]*(\/\*| \*)/ { next } \
		inside { sum++; each[FILENAME]++; challenge += extra } \
		END { \
			printf "%s: %d lines of %d", lab, sum - challenge, most; \
			if (challenge) \
				printf ", and %d for the challenge", challenge; \
			for (i = 1; i < ARGC; i++) { \
				name = ARGV[i]; sub(/.*\//, "", name); \
				printf "%s%s %d", (i == 1 ? " (" : ", "), name, each[ARGV[i]]; \
			} \
			print ")" \
		}' solutions/$$lab/*.c; done
endef
