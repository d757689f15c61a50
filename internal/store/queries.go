package store

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Query names one statement. Each database brings its own text for it, in a .sql file.
type Query string

// The statements. Arguments and columns are documented where the text stands: the two texts differ in the
// form of times and in row locks only.
const (
	BumpEpoch Query = "BumpEpoch"
	LogSize   Query = "LogSize"

	MetaGet        Query = "MetaGet"
	MetaPut        Query = "MetaPut"
	PepperChecks   Query = "PepperChecks"
	PepperCheckPut Query = "PepperCheckPut"

	EventPut      Query = "EventPut"
	EventsFrom    Query = "EventsFrom"
	HashPut       Query = "HashPut"
	HashesAt      Query = "HashesAt"
	CheckpointPut Query = "CheckpointPut"
	CheckpointAll Query = "CheckpointAll"

	FamilyPut Query = "FamilyPut"
	FamilyGet Query = "FamilyGet"
	FamilyAll Query = "FamilyAll"
	OwnerPut  Query = "OwnerPut"

	KeyPut       Query = "KeyPut"
	KeyGet       Query = "KeyGet"
	KeyForChange Query = "KeyForChange"
	KeyPage      Query = "KeyPage"
	KeyRevoke    Query = "KeyRevoke"
	KeyStatus    Query = "KeyStatus"
	KeyTouch     Query = "KeyTouch"

	IncidentPut       Query = "IncidentPut"
	IncidentGet       Query = "IncidentGet"
	IncidentForChange Query = "IncidentForChange"
	IncidentOfPrint   Query = "IncidentOfPrint"
	IncidentPage      Query = "IncidentPage"
	IncidentSeen      Query = "IncidentSeen"
	IncidentVerdict   Query = "IncidentVerdict"
	IncidentResolve   Query = "IncidentResolve"
	OutcomePut        Query = "OutcomePut"
	OutcomesOf        Query = "OutcomesOf"

	DeliveryPut Query = "DeliveryPut"
	DeliveryGet Query = "DeliveryGet"
	ScanPut     Query = "ScanPut"
	ScanGet     Query = "ScanGet"

	EpochTurn          Query = "EpochTurn"
	EpochGeneration    Query = "EpochGeneration"
	InvalidationPut    Query = "InvalidationPut"
	InvalidationsAfter Query = "InvalidationsAfter"
	InvalidationsPrune Query = "InvalidationsPrune"
	VerifierSweep      Query = "VerifierSweep"
	VerifierJoin       Query = "VerifierJoin"
	VerifierRenew      Query = "VerifierRenew"
	VerifierCurrent    Query = "VerifierCurrent"
	VerifierAck        Query = "VerifierAck"
	VerifierLeave      Query = "VerifierLeave"
	VerifiersBehind    Query = "VerifiersBehind"
	VerifiersFence     Query = "VerifiersFence"
	EpochSettle        Query = "EpochSettle"
	LeaseTerm          Query = "LeaseTerm"
	LeaseWait          Query = "LeaseWait"
	KeyAt              Query = "KeyAt"
	Nudge              Query = "Nudge"
)

// Queries are all names, for a database to check its texts against.
func Queries() []Query {
	return []Query{
		BumpEpoch, LogSize, MetaGet, MetaPut, PepperChecks, PepperCheckPut,
		EventPut, EventsFrom, HashPut, HashesAt, CheckpointPut, CheckpointAll,
		FamilyPut, FamilyGet, FamilyAll, OwnerPut,
		KeyPut, KeyGet, KeyForChange, KeyPage, KeyRevoke, KeyStatus, KeyTouch,
		IncidentPut, IncidentGet, IncidentForChange, IncidentOfPrint, IncidentPage, IncidentSeen,
		IncidentVerdict, IncidentResolve, OutcomePut, OutcomesOf, DeliveryPut, DeliveryGet, ScanPut, ScanGet,
		EpochTurn, EpochGeneration, InvalidationPut, InvalidationsAfter, InvalidationsPrune, VerifierSweep,
		VerifierJoin, VerifierRenew, VerifierCurrent, VerifierAck, VerifierLeave, VerifiersBehind, VerifiersFence,
		EpochSettle, LeaseTerm, LeaseWait, KeyAt, Nudge,
	}
}

// Texts are the statements of one database.
type Texts map[Query]string

const queryMark = "-- name: "

// LoadTexts reads the .sql files at the root of files. A statement begins after a line "-- name: KeyGet" and ends
// before the next one; comments between are its documentation. It fails on a name that is missing, unknown or
// there twice.
func LoadTexts(files fs.FS) (Texts, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list statements: %w", err)
	}
	texts := Texts{}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read statements %s: %w", name, err)
		}
		if err := texts.add(string(content)); err != nil {
			return nil, fmt.Errorf("statements %s: %w", name, err)
		}
	}
	for _, q := range Queries() {
		if texts[q] == "" {
			return nil, fmt.Errorf("statement %s is missing", q)
		}
	}
	return texts, nil
}

func (t Texts) add(content string) error {
	known := Queries()
	parts := strings.Split("\n"+content, "\n"+queryMark)
	for _, part := range parts[1:] {
		name, body, _ := strings.Cut(part, "\n")
		q := Query(strings.TrimSpace(name))
		if !slices.Contains(known, q) {
			return fmt.Errorf("statement %q has no caller", q)
		}
		if _, twice := t[q]; twice {
			return fmt.Errorf("statement %s is there twice", q)
		}
		t[q] = uncommented(body)
	}
	return nil
}

// uncommented drops whole-line comments: they are for readers, not for the wire.
func uncommented(body string) string {
	lines := slices.DeleteFunc(strings.Split(body, "\n"), func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "--")
	})
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
