# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
#
#   make demo    check the system, build the program, train on handwritten digits
#   make test    everything that a change must pass: lint, build without warnings, tests, README
#   make build   the program and the tests, release mode
#   make lint    formatting and style of the Swift sources
#   make bench   our training steps and kernels, measured on this machine
#   make clean   remove what was built

SWIFT ?= swift
PROGRAM = .build/release/backprop

export SWIFT

.PHONY: demo test build lint bench readme system clean

demo: system
	$(SWIFT) build -c release --product backprop
	$(PROGRAM) train digits

# Our tests see `package` symbols by plain import, so the tests and the program share one build.
test: system lint build
	$(SWIFT) test -c release --disable-testable-imports
	Scripts/check-readme

build: system
	Scripts/build-without-warnings

lint:
	Scripts/lint

bench: system
	$(SWIFT) build -c release --product backprop
	$(PROGRAM) bench
	$(PROGRAM) bench --kernels

readme: system
	Scripts/check-readme

system:
	@Scripts/check-system

clean:
	rm -rf .build .build-readme
