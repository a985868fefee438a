package vecq

// #include "vecq.h"
import "C"

import (
	"errors"
	"syscall"
)

// Status says why a call failed.
type Status int

// The statuses of the C ABI.
const (
	InvalidArgument Status = C.VECQ_INVALID_ARGUMENT
	Unsupported     Status = C.VECQ_UNSUPPORTED
	OutOfMemory     Status = C.VECQ_OUT_OF_MEMORY
	Internal        Status = C.VECQ_INTERNAL
	FileError       Status = C.VECQ_FILE_ERROR
	CorruptFile     Status = C.VECQ_CORRUPT_FILE
	ReadOnly        Status = C.VECQ_READ_ONLY
	ChangedFile     Status = C.VECQ_CHANGED_FILE
	Cancelled       Status = C.VECQ_CANCELLED
)

// ErrClosed is the error of a call on a handle that was closed.
var ErrClosed = errors.New("vecq: the handle is closed")

// Error is a failed call: what was expected, and of which argument.
type Error struct {
	Status   Status
	Argument string // the argument at fault; empty if none
	Message  string
	Errno    syscall.Errno // of the failed system call; otherwise 0
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the error of the operating system, so that errors.Is(err, fs.ErrNotExist) works.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

func invalid(argument, message string) error {
	return &Error{Status: InvalidArgument, Argument: argument, Message: message}
}

// failure returns nil for VECQ_OK, otherwise the error that the call wrote.
func failure(status C.vecq_status, e *C.vecq_error) error {
	if status == C.VECQ_OK {
		return nil
	}
	return &Error{
		Status:   Status(status),
		Argument: C.GoString(&e.argument[0]),
		Message:  C.GoString(&e.message[0]),
		Errno:    syscall.Errno(e.system),
	}
}
