# SPDX-License-Identifier: Apache-2.0

"""VfioCompatFilter: hosts whose devices can take the source's state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import nova.conf
from nova.scheduler import filters
from oslo_log import log as logging

from nova_vfio_compat import conf
from nova_vfio_compat.compat import codes
from nova_vfio_compat.scheduler import decision
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import explain
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import migration
from nova_vfio_compat.scheduler import names
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import policy as policy_
from nova_vfio_compat.scheduler import request
from nova_vfio_compat.scheduler import source
from nova_vfio_compat.scheduler import whose

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

conf.register_opts(CONF)

Outcome = codes.Outcome


class VfioCompatFilter(filters.BaseHostFilter, filters.CandidateFilterMixin):
    """Keeps the hosts whose devices accept the source device's state.

    Only live migrations of instances with mdevs (vGPUs) or PCI devices of
    a flavor alias are looked at; anything else passes untouched. Nothing
    is opened when the object is made, because Nova makes it before it
    forks; what is remembered is guarded, because threads share it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names = names.Names()
        self._providers = source.Providers()
        self._reports = fleet.Reports()
        self._members = fleet.Members()
        self._owners = whose.Owners()

    def filter_all(
        self, filter_obj_list: Iterable[Any], spec_obj: Any
    ) -> list[Any]:
        """The hosts that are kept, in their order.

        Never raises: an exception here would put an instance into ERROR
        that is running fine. What cannot be decided is UNKNOWN, and
        ``[vfio_compat] unknown`` says what becomes of it.
        """
        hosts = list(filter_obj_list)
        try:
            if not request.may_be_live_migration(spec_obj):
                return hosts
            policy = policy_.read(spec_obj)
            if policy.mode == policy_.OFF:
                return hosts
        except Exception:
            LOG.exception(
                "Cannot understand a scheduling request; it is not filtered"
            )
            return hosts
        try:
            return self._filter(hosts, spec_obj, policy)
        except errors.CannotDecide as error:
            LOG.warning(
                "Instance %s: cannot tell whether it is live-migrating: %s",
                spec_obj.instance_uuid,
                error,
            )
        except Exception:
            LOG.exception(
                "Instance %s: a bug in VfioCompatFilter; every host counts "
                "as unknown",
                spec_obj.instance_uuid,
            )
        return policy.without_answers(hosts)

    def _filter(
        self, hosts: list[Any], spec: Any, policy: policy_.Policy
    ) -> list[Any]:
        moving = migration.find(spec)
        if moving is None:
            return hosts
        try:
            answers = self._answers(hosts, moving, spec, policy.relax)
        except errors.CannotDecide as error:
            LOG.warning(
                "Live migration of instance %s from %s: nothing is known of "
                "any host: %s",
                moving.instance,
                moving.source,
                error,
            )
            unknown = pairing.Answer(
                Outcome.UNKNOWN,
                (pairing.Reason(Outcome.UNKNOWN, error.code),),
            )
            answers = [decision.HostAnswer(unknown) for _ in hosts]
        if answers is None:
            return hosts
        judged = list(zip(hosts, answers, strict=True))
        kept = policy.kept(judged)
        explain.log(moving, judged, kept, policy)
        if policy.mode == policy_.AUDIT:
            return hosts
        for host, found in kept:
            # An exempt host keeps all candidates, unless some are good.
            good = found.answer.outcome is Outcome.COMPATIBLE
            if found.candidates is not None and (
                good or not policy.is_exempt(host)
            ):
                self._steer(host, found)
        return [host for host, _ in kept]

    def _answers(
        self,
        hosts: list[Any],
        moving: migration.LiveMigration,
        spec: Any,
        relax: frozenset[str],
    ) -> list[decision.HostAnswer] | None:
        """An answer for each host; None if no device moves state."""
        devices = source.read(moving, spec, self._providers, relax)
        if devices is None:
            return None
        try:
            fresh, found = self._read_fleet(devices)
        except errors.UnknownTrait:
            # Pruned between the list of names and the query.
            self._names.forget_seen()
            try:
                fresh, found = self._read_fleet(devices)
            except errors.UnknownTrait as error:
                raise errors.CannotDecide(
                    codes.Code.PLACEMENT_FAILED,
                    f"trait names vanish while they are read: {error}",
                ) from error
        deciding = decision.Decision(
            devices.groups,
            found,
            self._reports,
            self._providers,
            devices.amount,
        )
        uuids = [decision.report_uuid(host) for host in hosts]
        answers = {
            uuid: deciding.judge(host)
            for uuid, host in zip(uuids, hosts, strict=True)
        }
        answers = self._explained(deciding, answers, found, fresh)
        return [answers[uuid] for uuid in uuids]

    def _explained(
        self,
        deciding: decision.Decision,
        answers: dict[str, decision.HostAnswer],
        found: list[fleet.Part],
        fresh: frozenset[str],
    ) -> dict[str, decision.HostAnswer]:
        """The same answers with better reasons, if they can be had."""
        try:
            answers = deciding.explain(
                answers,
                self._owners,
                lambda asked: fleet.hosts_with(
                    (one.id for one in asked), fresh
                ),
            )
            reported = {uuid for part in found for uuid in part.hosts}
            silent = {
                uuid for uuid, said in answers.items()
                if said.answer.outcome is Outcome.UNKNOWN
            } - reported
            why = fleet.why_unknown(silent, fresh) if silent else {}
        except (errors.CannotDecide, errors.UnknownTrait) as error:
            LOG.debug("Reasons stay vague: %s", error)
            return answers
        for uuid, code in why.items():
            reason = pairing.Reason(Outcome.UNKNOWN, code)
            answers[uuid] = decision.HostAnswer(
                pairing.Answer(Outcome.UNKNOWN, (reason,))
            )
        return answers

    def _read_fleet(
        self, devices: source.Source
    ) -> tuple[frozenset[str], list[fleet.Part]]:
        known = self._names.read()
        return known.fresh, fleet.parts(
            devices.groups, known, self._members
        )

    def _steer(self, host: Any, found: decision.HostAnswer) -> None:
        """Leave only the candidates that made the host's answer.

        Nova claims the first one that is left, so the claim lands on a
        device that can take the state.
        """
        assert found.candidates is not None  # noqa: S101
        good = [
            answer.outcome is found.answer.outcome
            for answer in found.candidates
        ]
        remaining = iter(good)
        self.filter_candidates(host, lambda candidate: next(remaining))
