package gitsource_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a source leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
