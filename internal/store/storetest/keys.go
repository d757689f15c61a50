package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

func familyCases() cases {
	return cases{
		"FamiliesComeBackAsStoredByPrefix": func(t *testing.T, b Backend) {
			want := []issuer.Family{
				{Prefix: "acme", CreatedAt: kept(noon)},
				{Prefix: "zeta_live", Scopes: []issuer.Scope{"a:read", "b:*"}, CreatedAt: kept(noon)},
			}
			must(t, b.Keys.CreateFamily(t.Context(), issuer.Family{
				Prefix: "zeta_live", Scopes: []issuer.Scope{"b:*", "a:read", "a:read"}, CreatedAt: noon,
			}, act("")))
			must(t, b.Keys.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act("")))
			if got := get(b.Keys.Families(t.Context()))(t); !reflect.DeepEqual(got, want) {
				t.Errorf("families = %+v, want %+v", got, want)
			}
			if got := get(b.Keys.Family(t.Context(), "zeta_live"))(t); !reflect.DeepEqual(got, want[1]) {
				t.Errorf("family = %+v, want %+v", got, want[1])
			}
		},
		"ATakenPrefixIsConflict": func(t *testing.T, b Backend) {
			withFamily(t, b)
			err := b.Keys.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act(""))
			if !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("err = %v", err)
			}
			if got := kinds(t, b); len(got) != 1 {
				t.Errorf("events = %v", got)
			}
		},
		"AnUnknownFamilyIsNotFound": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for _, prefix := range []issuer.Prefix{"acm", "Acme", "acme ", "acme\x00", "\xff"} {
				if _, err := b.Keys.Family(t.Context(), prefix); !errors.Is(err, issuer.ErrNotFound) {
					t.Errorf("family %q: %v", prefix, err)
				}
			}
			key := newKey(1)
			key.Family = "other"
			if err := b.Keys.CreateKey(t.Context(), key, act("")); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("key of an unknown family: %v", err)
			}
		},
	}
}

func keyCases() cases {
	return cases{
		"AKeyComesBackAsStored": func(t *testing.T, b Backend) {
			withFamily(t, b)
			key := newKey(1)
			key.Scopes = []issuer.Scope{"orders:write", "orders:read"}
			key.ExpiresAt = noon.Add(time.Hour)
			must(t, b.Keys.CreateKey(t.Context(), key, act("")))
			want := key
			want.Scopes = []issuer.Scope{"orders:read", "orders:write"}
			want.CreatedAt, want.ExpiresAt = kept(key.CreatedAt), kept(key.ExpiresAt)
			if got := get(b.Keys.Key(t.Context(), key.ID))(t); !reflect.DeepEqual(got, want) {
				t.Errorf("key = %+v, want %+v", got, want)
			}
		},
		"IdsAreCaseSensitive": func(t *testing.T, b Backend) {
			withFamily(t, b)
			lower, upper := newKey(1), newKey(2)
			lower.ID, upper.ID = "abcdefabcdef", "ABCDEFabcdef"
			must(t, b.Keys.CreateKey(t.Context(), lower, act("")))
			if _, err := b.Keys.Key(t.Context(), upper.ID); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("another case was found: %v", err)
			}
			must(t, b.Keys.CreateKey(t.Context(), upper, act("")))
			if got := get(b.Keys.Key(t.Context(), upper.ID))(t); got.Digest != upper.Digest {
				t.Error("the other key came back")
			}
		},
		"TimesAreMicrosecondsUTC": func(t *testing.T, b Backend) {
			withFamily(t, b)
			times := []time.Time{
				noon,
				time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC), // before 1970 cuts, too, and rounds nowhere
				time.Date(9999, 1, 1, 0, 0, 0, 1000, time.UTC),
				time.Unix(0, 0), // is a time, not "never"
			}
			for n, at := range times {
				key := newKey(n)
				key.ExpiresAt = at
				must(t, b.Keys.CreateKey(t.Context(), key, act("")))
				got := get(b.Keys.Key(t.Context(), key.ID))(t).ExpiresAt
				if got != kept(at) {
					t.Errorf("%v came back as %v", at, got)
				}
			}
		},
		"EmptyIsNotNull": func(t *testing.T, b Backend) {
			withFamily(t, b)
			key := newKey(1)
			key.Label, key.Scopes = "", []issuer.Scope{}
			must(t, b.Keys.CreateKey(t.Context(), key, act("")))
			got := get(b.Keys.Key(t.Context(), key.ID))(t)
			if got.Label != "" || got.Scopes != nil || !got.ExpiresAt.IsZero() || !got.RevokedAt.IsZero() || !got.LastUsedAt.IsZero() {
				t.Errorf("key = %+v", got)
			}
			page := get(b.Keys.Keys(t.Context(), issuer.KeyQuery{}))(t)
			if len(page.Keys) != 1 {
				t.Errorf("a key with empty fields is not in the list: %+v", page)
			}
		},
		"DuplicateIsConflict": func(t *testing.T, b Backend) {
			first := withKey(t, b)
			second := newKey(2)
			second.ID, second.Owner = first.ID, "mallory"
			err := b.Keys.CreateKey(t.Context(), second, act(""), jobs.NotifyOwner{IncidentID: "x"})
			if !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("err = %v", err)
			}
			if got := get(b.Keys.Key(t.Context(), first.ID))(t); got.Owner != "alice" || got.Digest != first.Digest {
				t.Errorf("the first key was changed: %+v", got)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 0 {
				t.Errorf("jobs = %v", got)
			}
		},
		"ScopeOutsideFamilyRefused": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for _, scope := range []issuer.Scope{"orders:delete", "orders", "orders:*"} {
				key := newKey(1)
				key.Scopes = []issuer.Scope{"orders:read", scope}
				if err := b.Keys.CreateKey(t.Context(), key, act("")); !errors.Is(err, issuer.ErrScope) {
					t.Errorf("scope %s: %v", scope, err)
				}
			}
			if got := kinds(t, b); len(got) != 1 {
				t.Errorf("events = %v", got)
			}
		},
		"ForeignKeysHold": func(t *testing.T, b Backend) {
			withFamily(t, b)
			key := newKey(1)
			key.Family = "gone"
			if err := b.Keys.CreateKey(t.Context(), key, act("")); err == nil {
				t.Error("a key without a family was stored")
			}
			if err := b.Incidents.AddOutcome(t.Context(), "inc_none", doneOutcome("k"), act("")); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("an outcome without an incident: %v", err)
			}
		},
		"DisabledCanBeEnabledRevokedCannot": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			for _, status := range []issuer.Status{
				issuer.StatusDisabled, issuer.StatusDisabled, issuer.StatusActive, issuer.StatusActive, issuer.StatusDisabled,
			} {
				must(t, b.Keys.SetStatus(t.Context(), key.ID, status, act("")))
				if got := get(b.Keys.Key(t.Context(), key.ID))(t).Status; got != status {
					t.Errorf("status = %s, want %s", got, status)
				}
			}
			get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked")}))(t)
			for _, status := range []issuer.Status{issuer.StatusActive, issuer.StatusDisabled} {
				if err := b.Keys.SetStatus(t.Context(), key.ID, status, act("")); !errors.Is(err, issuer.ErrRevoked) {
					t.Errorf("set a revoked key to %s: %v", status, err)
				}
			}
			want := []audit.Kind{
				audit.FamilyCreated, audit.KeyIssued, audit.KeyDisabled, audit.KeyEnabled, audit.KeyDisabled, audit.KeyRevoked,
			}
			if got := kinds(t, b); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		},
		"OnlyActiveAndDisabledCanBeSet": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			for _, status := range []issuer.Status{"", issuer.StatusRevoked, "ACTIVE"} {
				if err := b.Keys.SetStatus(t.Context(), key.ID, status, act("")); err == nil {
					t.Errorf("status %q was set", status)
				}
			}
			if err := b.Keys.SetStatus(t.Context(), keyID(9), issuer.StatusDisabled, act("")); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("an unknown key: %v", err)
			}
		},
		"TouchNeverGoesBack": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			late, early := noon.Add(time.Hour), noon.Add(time.Minute)
			before := len(kinds(t, b))
			must(t, b.Keys.Touch(t.Context(), nil))
			must(t, b.Keys.Touch(t.Context(), []issuer.Use{
				{Key: key.ID, At: late}, {Key: keyID(9), At: late}, {Key: key.ID, At: early}, {Key: "no id", At: late}, {Key: key.ID},
			}))
			must(t, b.Keys.Touch(t.Context(), []issuer.Use{{Key: key.ID, At: early}}))
			if got := get(b.Keys.Key(t.Context(), key.ID))(t).LastUsedAt; got != kept(late) {
				t.Errorf("last used = %v, want %v", got, kept(late))
			}
			if got := len(kinds(t, b)); got != before {
				t.Errorf("a use made %d events", got-before)
			}
		},
		"TextThatOneDatabaseCannotKeepIsRefused": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for _, text := range []string{"a\x00b", "\xff", string(make([]byte, 1<<20))} {
				key := newKey(1)
				key.Owner = text
				if err := b.Keys.CreateKey(t.Context(), key, act("")); err == nil {
					t.Errorf("an owner of %d bytes was kept", len(text))
				}
				if err := b.Keys.CreateKey(t.Context(), newKey(1), act(text)); err == nil {
					t.Errorf("a reason of %d bytes was kept", len(text))
				}
			}
			if _, err := b.Keys.Key(t.Context(), keyID(1)); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("a refused key is there: %v", err)
			}
		},
	}
}
