package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

func revokeCases() cases {
	return cases{
		"RevokeIsTerminal": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			revoked := get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked"), Detail: "inc_1"}))(t)
			if err := b.Keys.SetStatus(t.Context(), key.ID, issuer.StatusActive, act("")); !errors.Is(err, issuer.ErrRevoked) {
				t.Errorf("enable: %v", err)
			}
			if err := b.Keys.CreateKey(t.Context(), key, act("")); !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("create again: %v", err)
			}
			got := get(b.Keys.Key(t.Context(), key.ID))(t)
			if got.Status != issuer.StatusRevoked || got.RevokedAt != kept(noon) || got.RevokedReason != "leaked" || got.RevokedSeq != revoked.Seq {
				t.Errorf("key = %+v after %+v", got, revoked)
			}
		},
		"RevokeTwiceReturnsTheFirst": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			job := jobs.NotifyOwner{IncidentID: "inc_1"}
			first := get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked")}, job))(t)
			later := issuer.Act{Actor: "other", At: noon.Add(time.Hour), Reason: "again"}
			second := get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: later}, job))(t)
			want := issuer.Revoked{Seq: first.Seq, At: kept(noon), Already: true, Generation: 1}
			if first.Already || first.At != kept(noon) || first.Seq == 0 || second != want {
				t.Errorf("first = %+v, second = %+v, want %+v", first, second, want)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 1 {
				t.Errorf("jobs = %v", got)
			}
			if got := get(b.Keys.Key(t.Context(), key.ID))(t); got.RevokedReason != "leaked" {
				t.Errorf("the second reason stands: %+v", got)
			}
		},
		"RevokeOfAnUnknownKeyIsNotFound": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for _, id := range []issuer.KeyID{keyID(1), "", "no id"} {
				if _, err := b.Keys.Revoke(t.Context(), issuer.Revocation{Key: id, Act: act("")}); !errors.Is(err, issuer.ErrNotFound) {
					t.Errorf("%q: %v", id, err)
				}
			}
		},
		"TwoRevokersAtOnceOneEvent": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			const revokers = 8
			results := make([]issuer.Revoked, revokers)
			errs := make([]error, revokers)
			var all sync.WaitGroup
			for i := range revokers {
				all.Go(func() {
					r := issuer.Revocation{Key: key.ID, Act: act("revoker " + strconv.Itoa(i))}
					results[i], errs[i] = b.Keys.Revoke(t.Context(), r, jobs.NotifyOwner{IncidentID: "inc_1"})
				})
			}
			all.Wait()
			must(t, errors.Join(errs...))
			firsts := 0
			for _, r := range results {
				if !r.Already {
					firsts++
				}
				if r.Seq != results[0].Seq || r.At != results[0].At {
					t.Errorf("two revocations: %+v and %+v", r, results[0])
				}
			}
			if firsts != 1 {
				t.Errorf("%d calls say that they were the first", firsts)
			}
			if got := kinds(t, b); len(got) != 3 {
				t.Errorf("events = %v", got)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 1 {
				t.Errorf("jobs = %v", got)
			}
		},
		"ChangesAtOnceTakeEachSeqOnce": func(t *testing.T, b Backend) {
			withFamily(t, b)
			const keys = 12
			for n := range keys {
				must(t, b.Keys.CreateKey(t.Context(), newKey(n), act("")))
			}
			seqs := make([]issuer.Seq, keys)
			errs := make([]error, keys)
			var all sync.WaitGroup
			for n := range keys {
				all.Go(func() {
					revoked, err := b.Keys.Revoke(t.Context(), issuer.Revocation{Key: keyID(n), Act: act("")})
					seqs[n], errs[n] = revoked.Seq, err
				})
			}
			all.Wait()
			must(t, errors.Join(errs...))
			slices.Sort(seqs)
			for i, seq := range seqs {
				if want := issuer.Seq(1 + keys + i + 1); seq != want { // after one family and the keys
					t.Errorf("sequence %d = %d, want %d", i, seq, want)
				}
			}
			verifyTree(t, b)
		},
		"EveryChangeIsOneEvent": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			must(t, b.Keys.SetStatus(t.Context(), key.ID, issuer.StatusDisabled, act("holiday")))
			get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked"), Detail: "inc_1"}))(t)
			all := events(t, b)
			want := []audit.Kind{audit.FamilyCreated, audit.KeyIssued, audit.KeyDisabled, audit.KeyRevoked}
			if got := kinds(t, b); !slices.Equal(got, want) {
				t.Fatalf("events = %v, want %v", got, want)
			}
			for i, event := range all {
				if event.Detail["seq"] != strconv.Itoa(i+1) || event.Actor != "test" || event.At != kept(noon) {
					t.Errorf("event %d = %+v", i, event)
				}
			}
			last := all[len(all)-1]
			if last.Subject != string(key.ID) || last.Detail["family"] != "acme" || last.Detail["owner"] != "alice" ||
				last.Detail["reason"] != "leaked" || last.Detail["detail"] != "inc_1" {
				t.Errorf("the revocation's event = %+v", last)
			}
		},
	}
}
