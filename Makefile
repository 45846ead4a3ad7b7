# `make` alone says what there is. COURSE=en says everything in English; Russian is the language of
# the lesson that the course follows. TICK=100ms shortens the seconds of the counting lessons.

CARGO ?= cargo
TICK ?= 1s
COURSE ?= ru
export COURSE

ifeq ($(filter $(COURSE),ru en),)
$(error COURSE is ru or en, not $(COURSE))
endif
# What is said to the reader: HELP, NO_CARGO, and before and after each lesson.
include lessons/words.$(COURSE).mk
export HELP

.PHONY: help build lessons lesson-1 lesson-2 lesson-3 lesson-4 lesson-5 lesson-6 test check bless soak drills bench
.PHONY: exercises exercise-1 exercise-2 exercise-3 exercise-4 exercise-5 exercise-6 project

# The lessons have an order, also under `make -j`.
.NOTPARALLEL:

help:
	@echo "$$HELP"

build:
	@command -v $(CARGO) >/dev/null || { echo '$(NO_CARGO)' >&2; exit 1; }
	@$(CARGO) build --workspace --bins

lessons: lesson-1 lesson-2 lesson-3 lesson-4 lesson-5 lesson-6

# What the lesson prints goes to stdout; everything around it to stderr.
lesson-1: build
	@echo '$(BEFORE_1)' >&2
	@$(CARGO) run --quiet -p threads_counter -- --tick '$(TICK)' --lang $(COURSE)
	@echo '$(AFTER_1)' >&2

lesson-2: build
	@echo '$(BEFORE_2)' >&2
	@$(CARGO) run --quiet -p process_counter -- --tick '$(TICK)' --lang $(COURSE)
	@echo '$(AFTER_2)' >&2

lesson-3: build
	@echo '$(BEFORE_3)' >&2
	@$(CARGO) run --quiet -p queue -- --lang $(COURSE)
	@echo '$(AFTER_3)' >&2

lesson-4: build
	@echo '$(BEFORE_4)' >&2
	@$(CARGO) run --quiet -p pipe -- --lang $(COURSE)
	@echo '$(AFTER_4)' >&2

lesson-5: build
	@echo '$(BEFORE_5)' >&2
	@$(CARGO) run --quiet -p shared_counter -- --tick '$(TICK)' --lang $(COURSE)
	@echo '$(AFTER_5)' >&2

lesson-6: build
	@echo '$(BEFORE_6)' >&2
	@$(CARGO) run --quiet -p pool -- --lang $(COURSE)
	@echo '$(AFTER_6)' >&2

# They say how things stand, and are no failed build while an exercise is not done: hence `true`.
exercises:
	@lessons/check || true

exercise-1 exercise-2 exercise-3 exercise-4 exercise-5 exercise-6: exercise-%:
	@lessons/check $* || true

project:
	@lessons/check project || true

test:
	$(CARGO) test --workspace

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p shared -- -D warnings # the library alone, without the lessons' part
	$(MAKE) test
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps

# The tests of the pages only compare; the outcomes of a race are written by hand.
bless:
	BLESS=1 $(CARGO) test --workspace --no-fail-fast --test pages -- every_fence

soak:
	python3 tests/soak.py

drills:
	DRILLS=long $(CARGO) test -p shared --test drills
	DRILLS=long RUSTFLAGS='--cfg drill' $(CARGO) test -p shared --test drills --target-dir target/drill -- every_step
	DRILLS=long $(CARGO) test --test ctrl_c

bench:
	$(CARGO) bench --manifest-path tests/bench/Cargo.toml -- $(BENCH)
