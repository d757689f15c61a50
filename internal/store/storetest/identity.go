package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

func identityCases() cases {
	return cases{
		"AStoreIsSetUpOnce": func(t *testing.T, b Backend) {
			if _, err := b.Identity.Identity(t.Context()); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("before: %v", err)
			}
			first := store.Identity{StoreID: "one", PublicKey: "p1", PepperChecks: map[int][32]byte{1: {1}, 2: {2}}}
			if created := get(b.Identity.Initialise(t.Context(), first, act("")))(t); !created {
				t.Error("the first set-up did nothing")
			}
			second := store.Identity{StoreID: "two", PublicKey: "p2", PepperChecks: map[int][32]byte{1: {9}}}
			if created := get(b.Identity.Initialise(t.Context(), second, act("")))(t); created {
				t.Error("a second set-up was made")
			}
			if got := get(b.Identity.Identity(t.Context()))(t); !reflect.DeepEqual(got, first) {
				t.Errorf("identity = %+v", got)
			}
			if got := kinds(t, b); !slices.Equal(got, []audit.Kind{audit.StoreCreated}) {
				t.Errorf("events = %v", got)
			}
		},
		"APepperCheckThatIsThereStays": func(t *testing.T, b Backend) {
			identity := store.Identity{StoreID: "one", PublicKey: "p1", PepperChecks: map[int][32]byte{1: {1}}}
			get(b.Identity.Initialise(t.Context(), identity, act("")))(t)
			must(t, b.Identity.AddPepperChecks(t.Context(), map[int][32]byte{1: {9}, 2: {2}}))
			want := map[int][32]byte{1: {1}, 2: {2}}
			if got := get(b.Identity.Identity(t.Context()))(t).PepperChecks; !reflect.DeepEqual(got, want) {
				t.Errorf("checks = %v", got)
			}
		},
	}
}
