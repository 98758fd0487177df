"""Shipments, returns, refunds and notes of orders. What was sent before becomes one shipment an order."""

import secrets

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('shipments',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('carrier', sa.String(length=80), nullable=False),
    sa.Column('tracking_number', sa.String(length=80), nullable=False),
    sa.Column('estimated_delivery', sa.Date(), nullable=True),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('shipped_at', UtcDateTime(), nullable=False),
    sa.Column('delivered_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_shipments_order_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_shipments_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shipments')),
    sa.UniqueConstraint('public_id', name=op.f('uq_shipments_public_id'))
    )
    op.create_index(op.f('ix_shipments_order_id'), 'shipments', ['order_id'])
    op.create_table('returns',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('is_restocked', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_returns_order_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_returns_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_returns')),
    sa.UniqueConstraint('public_id', name=op.f('uq_returns_public_id'))
    )
    op.create_index(op.f('ix_returns_order_id'), 'returns', ['order_id'])
    op.create_table('refunds',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('payment_id', NUMBER, nullable=False),
    sa.Column('return_id', NUMBER, nullable=True),
    sa.Column('provider_reference', sa.String(length=120), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('amount', NUMBER, nullable=False),
    sa.Column('shipping_amount', NUMBER, nullable=False),
    sa.Column('other_amount', NUMBER, nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("status IN ('requested', 'sent', 'unknown', 'succeeded', 'failed')", name=op.f('ck_refunds_status')),
    sa.CheckConstraint('amount > 0 AND shipping_amount >= 0 AND other_amount >= 0', name=op.f('ck_refunds_amounts_not_negative')),
    sa.CheckConstraint('shipping_amount + other_amount <= amount', name=op.f('ck_refunds_parts_within_amount')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_refunds_order_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_refunds_payment_id')),
    sa.ForeignKeyConstraint(['return_id'], ['returns.id'], name=op.f('fk_refunds_return_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_refunds_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refunds')),
    sa.UniqueConstraint('provider_reference', name=op.f('uq_refunds_provider_reference')),
    sa.UniqueConstraint('public_id', name=op.f('uq_refunds_public_id'))
    )
    for column in ('order_id', 'payment_id', 'return_id'):
        op.create_index(op.f(f'ix_refunds_{column}'), 'refunds', [column])
    _create_line_items('shipment')
    _create_line_items('return')
    _create_line_items('refund', sa.Column('amount', NUMBER, nullable=False))
    op.create_table('order_notes',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_order_notes_order_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_order_notes_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_notes'))
    )
    op.create_index(op.f('ix_order_notes_order_id'), 'order_notes', ['order_id'])
    _write_past_shipments()


def _create_line_items(noun: str, *more: sa.Column) -> None:
    table = f'{noun}_line_items'
    check = 'quantity > 0 AND amount >= 0' if more else 'quantity > 0'
    op.create_table(table,
    sa.Column('id', NUMBER, nullable=False),
    sa.Column(f'{noun}_id', NUMBER, nullable=False),
    sa.Column('line_item_id', NUMBER, nullable=False),
    sa.Column('quantity', NUMBER, nullable=False),
    *more,
    sa.CheckConstraint(check, name=op.f(f'ck_{table}_' + ('not_negative' if more else 'quantity_positive'))),
    sa.ForeignKeyConstraint([f'{noun}_id'], [f'{noun}s.id'], name=op.f(f'fk_{table}_{noun}_id')),
    sa.ForeignKeyConstraint(['line_item_id'], ['order_line_items.id'], name=op.f(f'fk_{table}_line_item_id')),
    sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{table}')),
    sa.UniqueConstraint(f'{noun}_id', 'line_item_id', name=op.f(f'uq_{table}_{noun}_id'))
    )
    op.create_index(op.f(f'ix_{table}_line_item_id'), table, ['line_item_id'])


def _write_past_shipments() -> None:
    """Until now an order was sent as a whole: its history knows when and by whom, and when it arrived."""
    connection = op.get_bind()
    sent = connection.execute(sa.text(
        "SELECT o.id, e.user_id, e.created_at, d.created_at FROM orders o"
        " JOIN order_events e ON e.order_id = o.id AND e.track = 'status' AND e.to_status = 'shipped'"
        " LEFT JOIN order_events d ON d.order_id = o.id AND d.track = 'status' AND d.to_status = 'delivered'"
        " ORDER BY o.id"
    )).all()
    for order_id, user_id, shipped_at, delivered_at in sent:
        connection.execute(
            sa.text(
                "INSERT INTO shipments (public_id, order_id, carrier, tracking_number, user_id, shipped_at, delivered_at)"
                " VALUES (:name, :order_id, '', '', :user_id, :shipped_at, :delivered_at)"
            ),
            {"name": f"ship_{secrets.token_hex(16)}", "order_id": order_id, "user_id": user_id,
             "shipped_at": shipped_at, "delivered_at": delivered_at},
        )
    op.execute(
        "INSERT INTO shipment_line_items (shipment_id, line_item_id, quantity)"
        " SELECT s.id, l.id, l.quantity FROM shipments s JOIN order_line_items l ON l.order_id = s.order_id"
    )


def downgrade() -> None:
    for table in ('order_notes', 'refund_line_items', 'return_line_items', 'shipment_line_items', 'refunds', 'returns',
                  'shipments'):
        op.drop_table(table)
