"""Card payments: attempts with their keys, what the provider told, disputes, differences, refused cards."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
IN_CASH = "status IN ('due', 'collected', 'refused', 'cancelled')"
IN_CASH_OR_BY_CARD = (
    "status IN ('due', 'collected', 'refused', 'cancelled', 'created', 'sent', 'requires_action', 'processing',"
    " 'succeeded', 'failed', 'unknown')"
)
OPEN = "status NOT IN ('failed', 'refused', 'cancelled')"


def upgrade() -> None:
    op.create_table('provider_events',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('provider', sa.String(length=24), nullable=False),
    sa.Column('event_id', sa.String(length=120), nullable=False),
    sa.Column('type', sa.String(length=80), nullable=False),
    sa.Column('object_id', sa.String(length=120), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('attempts', NUMBER, nullable=False),
    sa.Column('last_error', sa.String(length=300), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('happened_at', UtcDateTime(), nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.Column('applied_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("status IN ('received', 'applied', 'ignored', 'parked')", name=op.f('ck_provider_events_status')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_events')),
    sa.UniqueConstraint('provider', 'event_id', name=op.f('uq_provider_events_provider_event_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_provider_events_public_id'))
    )
    with op.batch_alter_table('provider_events', schema=None) as batch_op:
        batch_op.create_index('ix_provider_events_status_due_at', ['status', 'due_at'], unique=False)

    op.create_table('subscriptions',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('provider_reference', sa.String(length=120), nullable=False),
    sa.Column('customer_reference', sa.String(length=120), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('status', sa.String(length=24), nullable=False),
    sa.Column('current_period_ends_at', UtcDateTime(), nullable=True),
    sa.Column('ends_with_period', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_subscriptions_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
    sa.UniqueConstraint('provider_reference', name=op.f('uq_subscriptions_provider_reference')),
    sa.UniqueConstraint('public_id', name=op.f('uq_subscriptions_public_id'))
    )
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriptions_customer_reference'), ['customer_reference'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscriptions_user_id'), ['user_id'], unique=False)

    op.create_table('card_refusals',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_card_refusals_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_card_refusals'))
    )
    with op.batch_alter_table('card_refusals', schema=None) as batch_op:
        batch_op.create_index('ix_card_refusals_address_created_at', ['address', 'created_at'], unique=False)
        batch_op.create_index('ix_card_refusals_created_at', ['created_at'], unique=False)
        batch_op.create_index('ix_card_refusals_email_created_at', ['email', 'created_at'], unique=False)
        batch_op.create_index('ix_card_refusals_fingerprint_created_at', ['fingerprint', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_card_refusals_order_id'), ['order_id'], unique=False)

    op.create_table('payment_differences',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('provider_reference', sa.String(length=120), nullable=False),
    sa.Column('order_id', NUMBER, nullable=True),
    sa.Column('sentence', sa.String(length=500), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.Column('resolution', sa.String(length=500), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_payment_differences_order_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_payment_differences_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_differences')),
    sa.UniqueConstraint('public_id', name=op.f('uq_payment_differences_public_id'))
    )
    with op.batch_alter_table('payment_differences', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_differences_order_id'), ['order_id'], unique=False)
        batch_op.create_index('uq_payment_differences_one_open', ['kind', 'provider_reference'], unique=True, sqlite_where=sa.text('resolved_at IS NULL'), postgresql_where=sa.text('resolved_at IS NULL'))

    op.create_table('disputes',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('payment_id', NUMBER, nullable=False),
    sa.Column('provider_reference', sa.String(length=120), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=80), nullable=False),
    sa.Column('amount', NUMBER, nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('evidence_due_at', UtcDateTime(), nullable=True),
    sa.Column('is_closed', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_disputes_order_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_disputes_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disputes')),
    sa.UniqueConstraint('provider_reference', name=op.f('uq_disputes_provider_reference')),
    sa.UniqueConstraint('public_id', name=op.f('uq_disputes_public_id'))
    )
    with op.batch_alter_table('disputes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_disputes_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_disputes_payment_id'), ['payment_id'], unique=False)

    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('key', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('failure', sa.String(length=300), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('failure_code', sa.String(length=64), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('card_brand', sa.String(length=24), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('card_last4', sa.String(length=4), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('card_fingerprint', sa.String(length=64), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('asked_at', UtcDateTime(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_payments_order_id_provider'), type_='unique')
        batch_op.drop_constraint(op.f('ck_payments_status'), type_='check')
        batch_op.create_check_constraint(op.f('ck_payments_status'), IN_CASH_OR_BY_CARD)
        batch_op.create_index('ix_payments_status', ['status'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_payments_key'), ['key'])
        batch_op.create_index('uq_payments_one_open', ['order_id', 'provider'], unique=True, sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN))

    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.add_column(sa.Column('key', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('failure', sa.String(length=300), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('asked_at', UtcDateTime(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_refunds_key'), ['key'])

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('provider_customer', sa.String(length=120), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_users_provider_customer'), ['provider_customer'])



def downgrade() -> None:
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_users_provider_customer'), type_='unique')
        batch_op.drop_column('provider_customer')

    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_refunds_key'), type_='unique')
        batch_op.drop_column('asked_at')
        batch_op.drop_column('failure')
        batch_op.drop_column('key')

    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.drop_index('uq_payments_one_open', sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN))
        batch_op.drop_constraint(batch_op.f('uq_payments_key'), type_='unique')
        batch_op.drop_index('ix_payments_status')
        batch_op.create_unique_constraint(batch_op.f('uq_payments_order_id_provider'), ['order_id', 'provider'])
        batch_op.drop_constraint(op.f('ck_payments_status'), type_='check')
        batch_op.create_check_constraint(op.f('ck_payments_status'), IN_CASH)
        batch_op.drop_column('asked_at')
        batch_op.drop_column('card_fingerprint')
        batch_op.drop_column('card_last4')
        batch_op.drop_column('card_brand')
        batch_op.drop_column('failure_code')
        batch_op.drop_column('failure')
        batch_op.drop_column('key')

    with op.batch_alter_table('disputes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_disputes_payment_id'))
        batch_op.drop_index(batch_op.f('ix_disputes_order_id'))

    op.drop_table('disputes')
    with op.batch_alter_table('payment_differences', schema=None) as batch_op:
        batch_op.drop_index('uq_payment_differences_one_open', sqlite_where=sa.text('resolved_at IS NULL'), postgresql_where=sa.text('resolved_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_payment_differences_order_id'))

    op.drop_table('payment_differences')
    with op.batch_alter_table('card_refusals', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_card_refusals_order_id'))
        batch_op.drop_index('ix_card_refusals_fingerprint_created_at')
        batch_op.drop_index('ix_card_refusals_email_created_at')
        batch_op.drop_index('ix_card_refusals_created_at')
        batch_op.drop_index('ix_card_refusals_address_created_at')

    op.drop_table('card_refusals')
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscriptions_user_id'))
        batch_op.drop_index(batch_op.f('ix_subscriptions_customer_reference'))

    op.drop_table('subscriptions')
    with op.batch_alter_table('provider_events', schema=None) as batch_op:
        batch_op.drop_index('ix_provider_events_status_due_at')

    op.drop_table('provider_events')
