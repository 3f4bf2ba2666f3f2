# A thin front: CMake does the work (CMakePresets.json), scripts/ the rest. `make` leaves the tool in build/odegrad.
#   make            build the tool and the library, after installing what that needs and this machine lacks
#   make demo       fit the hare and lynx data, with pictures in demo-out/
#   make test       every test, with sanitizers, fuzzing and the project's own checks (minutes)
#   make bench      the benchmarks
#   make figures    the figures and tables of docs/adjoints.md, anew
#   make examples   the tables and pictures of docs/examples/, anew
#   make install    PREFIX=/usr/local DESTDIR=
#   make uninstall  what make install with the same PREFIX and DESTDIR put there
#   make fuzz       SECONDS=600 for each fuzz target
#   make coverage   what the tests reach, by line and branch, in build/coverage/coverage.txt
#   make deps       install what is missing for all of the above
#   make check-format, make clean
#   make help       this list
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
SECONDS ?= 600

MAKEFLAGS += --no-print-directory

.PHONY: coverage all build deps deps-build deps-test demo test bench figures examples install uninstall check-format fuzz clean help
all: build

deps-build deps-test:
	@scripts/deps.sh $(patsubst deps-%,%,$@)
deps:
	@scripts/deps.sh build test bench

build: deps-build
	@VERBOSE=$(VERBOSE) scripts/configure.sh release
	@cmake --build build -j $(JOBS) --target product

demo: build
	@scripts/demo.sh
test: deps-test
	@JOBS=$(JOBS) scripts/test.sh
bench: build
	@scripts/deps.sh bench
	@scripts/bench.sh
figures: build
	@scripts/figures.sh
examples: build
	@scripts/examples.sh
coverage: deps-test
	@JOBS=$(JOBS) scripts/coverage.sh
fuzz: deps-test
	@JOBS=$(JOBS) scripts/fuzz.sh $(SECONDS)

# The prefix is part of what is built (odegrad.pc), so it is configured first.
install: deps-build
	@VERBOSE=$(VERBOSE) scripts/configure.sh release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@cmake --build build -j $(JOBS) --target product
	@scripts/install.sh install $(PREFIX) $(DESTDIR)
uninstall:
	@scripts/install.sh uninstall $(PREFIX) $(DESTDIR)

help:
	@sed -n 's/^#   //p' Makefile
check-format:
	@scripts/check_format.sh
clean:
	rm -rf build demo-out
