"""Telling: topics over the change log, subscriptions, and lanes that deliver in order and at least once."""

from careloom.notify.access import disclosure, policy
from careloom.notify.backport import with_backport
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.notifier import Notifier, Ports
from careloom.notify.rest_hook import RestHook
from careloom.notify.retrying import RetryPolicy
from careloom.notify.signature import new_secret, signed_headers, verify
from careloom.notify.subscriptions import Subscription
from careloom.notify.terms import Retention, Terms
from careloom.notify.topics import STANDARD_TOPICS, Topic, TopicRegistry

__all__ = [
    "STANDARD_TOPICS",
    "EndpointPolicy",
    "Notifier",
    "Ports",
    "RestHook",
    "Retention",
    "RetryPolicy",
    "Subscription",
    "Terms",
    "Topic",
    "TopicRegistry",
    "disclosure",
    "new_secret",
    "policy",
    "signed_headers",
    "verify",
    "with_backport",
]
